"""What is known of blocks of entries speeds a step up, and does not change it."""

import numpy as np
import pytest

from scbsim import Task
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise
from scbsim.engines.stages import Stage

LARGE_BATCH = 4 * 10**5
"""All entries are so near zero after a step that sums of blocks tell it."""

BLOCK, RATE = 2048, 0.2
BOTH = pytest.mark.parametrize("covariances", [False, pytest.param(True, marks=pytest.mark.slow)])


@pytest.fixture(scope="module")
def task():
    return Task.random(N=5, T=5000, Q=2, mu="dirichlet", P_concentration=0.1, seed=3)


def make(task, covariances, dtype="float32", batch=LARGE_BATCH):
    noise = MatchedNoise(batch, 100, covariances=covariances)
    return DenseEngine(task, noise, alpha_A=0.3, alpha_V=0.4, seed=1, dtype=dtype)


def advance(engine, steps):
    stage = Stage(0, "sgd", 100, RATE, 0.15, np.zeros(engine.task.N), np.inf, None)
    engine.advance(stage, steps)


def copy_of(state):
    return {name: array.copy() for name, array in state.items()}


@BOTH
def test_entries_of_another_state(task, covariances):
    used, new = make(task, covariances), make(task, covariances)
    advance(used, 3)
    state = copy_of(used.state())
    # Far from zero, where the levels of entries are roots.
    state["bulk"] *= 1e6
    state["off_sums"] *= [1e6, 1e12]
    for engine in used, new:
        engine.restore(3, state)
        advance(engine, 2)
    for name, array in used.state().items():
        assert np.array_equal(array, new.state()[name]), name


def sizes(engine, largest):
    """The entries of each column whose variance differs by ``largest`` of that of zeros."""
    c, _, square = engine._matched.levels.of_A[:, :3].T
    zeros = engine._matched.levels.of_zeros**2
    slope, square = abs(2 * square * c) / zeros, abs(square) / zeros
    return 2 * largest / (slope + np.sqrt(slope**2 + 4 * largest * square))


def with_entries(engine, bulk):
    """Its state with a bulk that is 0 on the support."""
    state = copy_of(engine.state())
    np.put_along_axis(bulk, engine.A.positions, 0, axis=1)
    wide = bulk.astype(np.float64)
    state["bulk"] = bulk
    state["off_sums"] = np.stack([wide.sum(axis=1), (wide**2).sum(axis=1)], axis=1)
    return state


@BOTH
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_blocks_are_stepped_as_their_rows_are(task, covariances, dtype):
    used, new = make(task, covariances, dtype), make(task, covariances, dtype)
    advance(used, 3)
    bulk = used.A.bulk.copy()
    # The blocks have entries as near zero as can be, one that is less near or far, and many so.
    bulk[:, BLOCK + 70] = sizes(used, np.array([1 / 300, 1.0, 1 / 300, 1.0, 1 / 300]))
    bulk[:, 2 * BLOCK :] = sizes(used, 1 / 20000)[:, None]
    used.restore(3, with_entries(used, bulk))
    # After this step the sums of its blocks are known.
    advance(used, 1)
    squares = used.A.block_sums[:, :, 1]
    limits = sizes(used, 1 / 8192) ** 2
    assert (squares[:, 0] < limits).all()
    assert (squares[:, 1:] > limits[:, None]).all()
    new.restore(4, copy_of(used.state()))
    for engine in used, new:
        advance(engine, 1)
    assert np.array_equal(used.A.bulk, new.A.bulk)


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("batch", [20, LARGE_BATCH])
def test_single_and_double_precision_agree_far_from_zero(task, batch, covariances):
    single, double = (make(task, covariances, dtype, batch) for dtype in ("float32", "float64"))
    bulk, far = np.zeros_like(single.A.bulk), BLOCK + np.array([70, 73])
    # One alone would be all of its block, whose noise along the state does not come from entries.
    bulk[:, far] = 2
    state = with_entries(single, bulk)
    for engine in single, double:
        engine.restore(0, state)
        advance(engine, 1)
    level = RATE * double._matched.levels.of_zeros[:, None]
    # Near zero each has a series of its own. Far from zero these would differ by tenths of a level.
    error = 1e-4 * level + 4 * np.spacing(np.float32(2))
    assert (np.abs(single.A.bulk - double.A.bulk) < error).all()
    assert (sizes(double, 0.3) < 2).all()
