"""The levels of the noise models."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.small_runs import run_spec

from scbsim import Task
from scbsim.engines.noise import NoiseLevels

WORDS = ("noise.sigma_A=3.0", "noise.sigma_V=5.0", "dynamics.batch_size=400")


@pytest.fixture(scope="module")
def task():
    return Task.random(
        N=6, T=60, Q=2, mu="dirichlet", mu_concentration=2.0, P_concentration=0.05, seed=1
    )


def test_isotropic_levels_are_those_of_the_batch_that_sees_a_query(task):
    levels = NoiseLevels.from_spec(run_spec(*WORDS), task)
    for k in range(6):
        assert levels.sigma_A[k] == pytest.approx(3.0 / np.sqrt(400 * task.mu[k]), rel=1e-14)
    assert levels.sigma_V == pytest.approx(5.0 / 20.0, rel=1e-14)


def test_no_noise(task):
    stages = [{"steps": 1, "threshold": 0.1}]
    levels = NoiseLevels.from_spec(run_spec(*WORDS, "noise.model=none", stages=stages), task)
    assert levels.sigma_A.tolist() == [0.0] * 6
    assert levels.sigma_V == 0.0


def test_a_batch_larger_than_an_integer_of_numpy(task):
    levels = NoiseLevels.from_spec(run_spec(f"dynamics.batch_size={2**53 - 1}"), task)
    assert np.all(levels.sigma_A > 0.0)
    assert levels.sigma_V == pytest.approx(2.0**-26.5, rel=1e-12)
