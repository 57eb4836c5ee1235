"""Under an l1 rule few samples make the noise of a step larger or smaller in all entries."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.real_batches import a_stage, a_task

from scbsim.engines.batch import BatchEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise, NoiseLevels, SampledNoise

BATCH, RUNS, THRESHOLD = 64, 1000, 0.03
START = {"alpha_A": 0.1, "alpha_V": 0.1, "dtype": np.float64}
DELTA_A, SIM_A, LOSS = 2, 6, 8


@pytest.fixture(scope="module")
def task():
    return a_task(10, 1000, P_concentration=0.02, seed=0)


@pytest.fixture(scope="module")
def late(task):
    """The state on real batches after 150 steps, when many entries are off zero."""
    engine = real(task, 2)
    engine.advance(a_stage(task, "prox", 0.1, 0.1, THRESHOLD), 150)
    return engine.state()


def real(task, seed=3):
    return BatchEngine(task, NoiseLevels.none(task), batch_size=BATCH, seed=seed, **START)


def after_a_step(engine, task, state):
    """(runs, 9): the observables."""
    stage = a_stage(task, "prox", 0.1, 0.1, THRESHOLD)
    engine.adopt(state, task)
    start = {name: array.copy() for name, array in engine.state().items()}
    rows = []
    for i in range(RUNS):
        engine.constants = engine.constants._replace(replica=np.uint64(i))
        engine.restore(0, start)
        rows.append(engine.advance(stage, 1).rows[0])
    return np.array(rows)


def spread(found):
    """Return the mean absolute deviations of the observables that thresholds move most."""
    return np.abs(found - np.median(found, axis=0)).mean(axis=0)[[DELTA_A, SIM_A, LOSS]]


@pytest.mark.slow
def test_the_spread_of_a_step_is_that_of_real_batches(task, late):
    right = spread(after_a_step(real(task), task, late))
    sampled = DenseEngine(task, SampledNoise(BATCH), seed=4, **START)
    # A ratio of two of these has a standard error of 4%.
    np.testing.assert_allclose(spread(after_a_step(sampled, task, late)), right, rtol=0.17)
    matched = DenseEngine(task, MatchedNoise(BATCH, 1, covariances=True), seed=4, **START)
    assert (spread(after_a_step(matched, task, late)) < 0.6 * right).all()
