"""The approximate engine against the dense one: at these sizes no difference can be told."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scbsim_testing.mutants import mutant

from scbsim.engines.approximate import ApproximateEngine, target_sums
from scbsim.engines.noise import MatchedNoise
from scbsim.engines.stages import Stage
from scbsim.kernels.gaussian import approximate
from scbsim.studies.verify import tasks
from scbsim.studies.verify.case import Case, Contender
from scbsim.studies.verify.verification import verify

pytestmark = pytest.mark.slow

# 327 comparisons: all right, one in ten thousand seeds would be below.
FLOOR = 1e-4 / 327
WRONG = {
    "noise of V as large in all dimensions": (
        "effective_dimensions(means, of_V, noise.target)",
        "constants.D_V - 1.0",
    ),
    "noise of V with the wrong sign": (
        "along_W, along_P = along",
        "along_W, along_P = -along[0], -along[1]",
    ),
}


def least(N, start, covariances=True, runs=1500):
    task = tasks.small(N=N, T=300)
    case = Case(
        "approximate",
        task,
        MatchedNoise(40 * N, 2, covariances=covariances),
        Stage(0, "sgd", 10**6, 0.1, 0.1, np.zeros(N), np.inf, None),
        (Contender("approximate", ApproximateEngine),),
        start={"alpha_A": start, "alpha_V": start},
        times=(2, 10, 40),
    )
    return verify(cases=[case], runs=runs).least


@pytest.mark.parametrize(("N", "covariances"), [(10, True), (20, True), (20, False)])
def test_law(N, covariances):
    assert least(N, 0.3, covariances) > FLOOR


@pytest.mark.parametrize("what", WRONG)
def test_an_error_is_noticed(what, monkeypatch):
    advance = mutant(approximate, WRONG[what]).advance_approximate
    monkeypatch.setattr(ApproximateEngine, "_advance", staticmethod(advance))
    assert least(20, 0.3) < FLOOR


def test_from_zero_sixty_four_runs_tell_no_difference(monkeypatch):
    """There all of V is rest. With 1500 runs the spread of delta_A is seen to be smaller."""
    assert least(20, 0.0, runs=64) > FLOOR
    even = partial(target_sums, covariances=False)
    monkeypatch.setattr(
        "scbsim.engines.approximate.target_sums", lambda task, covariances: even(task)
    )
    # With uneven mu a uniform direction will not do.
    assert least(20, 0.0, runs=64) < FLOOR
