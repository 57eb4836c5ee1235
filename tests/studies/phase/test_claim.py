"""The paper's question: how many samples does learning take, with and without l1?"""

import tomllib

import numpy as np
import pytest

from scbsim import RunSpec, phase_diagram, presets
from scbsim.studies.phase.boundary import growth


@pytest.mark.slow
def test_the_batch_of_sgd_grows_like_the_context_and_that_of_l1_hardly_does():
    spec = RunSpec.from_dict(tomllib.loads(presets.text("phase")))
    axes = "task.T=1e4:1e7:4log", "dynamics.batch_size=1e5:1e10:16log"
    found = phase_diagram(spec, *axes, replicas=8)
    sgd, l1 = (growth(found, rule) for rule in ("sgd", "l1"))
    assert (sgd.columns, l1.columns) == (4, 4)
    assert sgd.slope == pytest.approx(1.0, abs=0.1)
    assert -0.1 < l1.slope < 0.25
    assert (l1.y < 1e7).all()
    assert np.isclose(sgd.y[-1] / sgd.y[0], 1000, rtol=0.9)
    assert found["diverged"].sel(rule="l1").sum() == 0
