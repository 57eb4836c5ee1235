"""Files whose observables are others than those of this version."""

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import run_spec

from scbsim import load, simulate
from scbsim.errors import OutputError
from scbsim.observables import NAMES
from scbsim.storage.description import describe
from scbsim.storage.runfile import loading

OTHERS = [*NAMES[:-1], "entropy"]


def with_entropy(path):
    """Replace the loss by an observable that this version does not know."""
    with h5py.File(path, "r+") as file:
        for group in ("trajectory", "normalized"):
            file.move(f"{group}/loss", f"{group}/entropy")
            file[f"{group}/entropy"].attrs["long_name"] = "entropy of the attention"
    return path


@pytest.mark.parametrize("replicas", [1, 3])
def test_its_own_observables_are_read(replicas, tmp_path):
    path = tmp_path / "run.h5"
    words = [f"dynamics.replicas={replicas}"]
    run = simulate(run_spec(*words, stages=[{"steps": 5, "normalize_level": 0.1}]), output=path)
    loss = run["loss"].values
    with_entropy(path)
    for found in (load(path), loading.load(path, lazy=True)):
        assert "loss" not in found
        assert found["entropy"].attrs["long_name"] == "entropy of the attention"
        np.testing.assert_array_equal(found["entropy"].values, loss)
        assert "normalized_entropy" in found
    said = describe(path)
    assert list(said["last"]) == OTHERS
    assert set(OTHERS) < set(said["normalized"])


def test_one_that_only_one_table_has_is_damage(copy):
    with h5py.File(with_entropy(copy), "r+") as file:
        del file["normalized/entropy"]
    with pytest.raises(OutputError, match="cannot be read"):
        load(copy)
