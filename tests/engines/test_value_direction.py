"""A V that is kept as two scalars, drawn when it is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.real_batches import a_stage, a_task

from scbsim.engines import collapsed
from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.value_direction import turned
from scbsim.errors import InputError
from scbsim.studies.verify.comparison import compare

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

CHANCE = 1e-6
START = {"alpha_A": 0.3, "alpha_V": 0.4, "seed": 3}
TIMES = (2, 4, 8)
N = 3


def levels(task):
    return NoiseLevels(0.05 / np.sqrt(task.mu), 0.1)


@pytest.mark.parametrize(("N", "concentration"), [(4, 0.1), (2, 0.1), (4, np.inf)])
def test_it_has_the_scalars_and_the_sums_of_V(N, concentration):
    """Also without a target, and where the target has the only dimension."""
    task = a_task(N, 30, 2, P_concentration=concentration)
    engine = CollapsedEngine(task, levels(task), **START)
    for _ in range(3):
        engine.advance(a_stage(task, rate_A=0.1, rate_V=0.1), 4)
        W, (alpha, rest) = engine.value(), engine.V.scalars
        d = W - alpha * task.P_tilde
        np.testing.assert_allclose(np.square(d).sum(), rest, rtol=1e-12)
        np.testing.assert_allclose(W.sum(axis=0), 0.0, atol=1e-13)
        np.testing.assert_allclose(W @ np.sqrt(task.mu), 0.0, atol=1e-13)
        np.testing.assert_allclose((d * task.P_tilde).sum(), 0.0, atol=1e-13)
        np.testing.assert_array_equal(engine.value(), W)


def test_the_path_does_not_depend_on_draws():
    task = a_task(4, 30, 2)
    stage = a_stage(task, rate_A=0.1, rate_V=0.1)
    drawn, other = (CollapsedEngine(task, levels(task), **START) for _ in range(2))
    for _ in range(3):
        drawn.snapshot()
        rows = drawn.advance(stage, 4).rows
        np.testing.assert_array_equal(rows, other.advance(stage, 4).rows)


def test_a_state_goes_on_to_the_same_V():
    task = a_task(4, 30, 2)
    stage = a_stage(task, rate_A=0.1, rate_V=0.1)
    whole, cut, other = (CollapsedEngine(task, levels(task), **START) for _ in range(3))
    for engine in whole, cut:
        engine.advance(stage, 3)
        engine.value()
        engine.advance(stage, 2)
    other.restore(5, {name: array.copy() for name, array in cut.state().items()})
    for engine in whole, other:
        engine.advance(stage, 4)
    np.testing.assert_array_equal(other.value(), whole.value())


def test_a_V_by_lost_scalars_is_refused():
    task = a_task(4, 30, 2)
    before = DenseEngine(task, levels(task), **START, dtype=np.float64, value=False)
    before.advance(a_stage(task, rate_A=0.1, rate_V=0.1), 3)
    engine = CollapsedEngine(task, levels(task), **START)
    engine.adopt(before.state(), task)
    with pytest.raises(InputError, match="kept as its signal"):
        engine.value()


def features(W, before, at, previous):
    """(9,): of a W and its step, beside the first of the run, and the couplings of A."""
    return np.array(
        [
            W[0, 0],
            W[0, 0] * before[0, 0],
            (W * before).sum(),
            (W * previous).sum(),
            (W**3).sum(),
            (W**2 * before).sum(),
            W.max(),
            np.abs(W - previous).max(),
            W[1, 2] * at[1],
        ]
    )


def observed(engine, task, runs, start=None):
    """(runs, times, 9)."""
    stage = a_stage(task, rate_A=0.2, rate_V=0.4)
    begin = {name: array.copy() for name, array in engine.state().items()}
    found = np.empty((runs, len(TIMES), 9))
    for i in range(runs):
        engine.restore(0, begin)
        engine.constants = engine.constants._replace(replica=np.uint64(i))
        first = previous = None if start is None else start
        for j, time in enumerate(TIMES):
            engine.advance(stage, time - engine.step)
            W = engine.value() if isinstance(engine, CollapsedEngine) else engine.V.W.copy()
            first, previous = (W, W) if first is None else (first, previous)
            found[i, j] = features(W, first, engine.observe(), previous)
            previous = W
    return found


def least(runs, from_rest=False):
    task = a_task(N, 40, 2, P_concentration=0.1)
    truth = DenseEngine(task, levels(task), **{**START, "seed": 1}, dtype=np.float64)
    other = CollapsedEngine(task, levels(task), **{**START, "seed": 2})
    start = None
    if from_rest:
        before = DenseEngine(task, levels(task), **START, dtype=np.float64)
        before.advance(a_stage(task, rate_A=0.2, rate_V=0.4), 5)
        start = before.V.W.copy()
        for engine in truth, other:
            engine.adopt(before.state(), task)
    right = observed(truth, task, runs, start)
    outcome = compare(("", ""), TIMES, right, observed(other, task, runs, start), 1e-10)
    return outcome.worst.p * outcome.count


def test_snapshots_in_short():
    assert least(200) > CHANCE


@pytest.mark.slow
@pytest.mark.parametrize("from_rest", [False, True])
def test_the_joint_law_of_snapshots(from_rest):
    assert least(3000, from_rest) > CHANCE


@pytest.mark.slow
@pytest.mark.parametrize("kept", [0.0, 1.0])
def test_another_turn_is_seen(kept, monkeypatch):
    """A direction that is drawn anew each time, and one that never turns."""
    monkeypatch.setattr(
        collapsed, "turned", lambda before, since, *at: turned(before, 0.0 * since + kept, *at)
    )
    assert least(3000) < 1e-6 * CHANCE
