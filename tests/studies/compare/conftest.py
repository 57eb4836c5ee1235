import json

import numpy as np
import pytest
import xarray as xr

from scbsim.observables import NAMES
from scbsim.spec import RunSpec

TABLES = {
    "seed": 3,
    "task": {"N": 4, "T": 40, "Q": 2, "P_concentration": 0.05, "seed": 1},
    "dynamics": {"engine": "batch", "batch_size": 50, "replicas": 5},
    "init": {"alpha_A": 0.1, "alpha_V": 0.2},
    "stage": [
        {"rule": "sgd", "steps": 9, "rate_A": 0.1, "rate_V": 0.05, "until_signal": 0.22},
        {"rule": "prox", "steps": 8, "rate_A": 0.05, "rate_V": 0.1, "threshold": 0.02},
    ],
}


@pytest.fixture(scope="session")
def spec():
    """Two short stages; the first ends by a signal or by its number of steps, at random."""
    return RunSpec.from_dict(TABLES)


@pytest.fixture
def ensemble():
    """Make an ensemble's dataset as scbsim.load() returns it, from the values of one observable.

    The others are the same but for a factor each; a replica that ends early has NaN from there on.
    """

    def make(values, status="complete", every=1, steps=None):
        values = np.asarray(values, np.float64)
        data = {name: (("replica", "step"), (i + 1) * values) for i, name in enumerate(NAMES)}
        words = [status] * len(values) if isinstance(status, str) else status
        data["replica_status"] = ("replica", np.array(words, "U8"))
        steps = np.arange(values.shape[1]) if steps is None else steps
        attrs = {"spec": json.dumps({"output": {"every": every}})}
        return xr.Dataset(data, coords={"step": steps}, attrs=attrs)

    return make
