"""SGD on a few numbers from a state with entries, which are the direction of its rest."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.real_batches import a_stage, a_task

from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.given_direction import as_list, from_list
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.sparse import SparseEngine
from scbsim.studies.verify.comparison import compare

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

CHANCE = 1e-6
START = {"alpha_A": 0.3, "alpha_V": 0.4, "seed": 3}
N, T = 3, 40
TIMES = (1, 3, 6)


def isotropic(task):
    return NoiseLevels(0.05 / np.sqrt(task.mu), 0.02)


def ladder(task):
    return NoiseLevels(0.03 + 0.03 * np.arange(task.N), 0.02)


NOISE = {"isotropic": isotropic, "a level for each column": ladder}


def before(task, noise, kind):
    """The state of a run of a kind that has entries."""
    engine = (
        SparseEngine(task, noise, **START)
        if kind == "sparse"
        else DenseEngine(task, noise, **START, dtype=np.float64, value=False)
    )
    rule, threshold = ("prox", 0.12) if kind == "sparse" else ("sgd", 0.0)
    engine.advance(a_stage(task, rule, 0.2, 0.1, threshold), 4)
    return {name: array.copy() for name, array in engine.state().items()}


def s_of(engine):
    """(N, T): s."""
    if isinstance(engine, DenseEngine):
        return engine.s()
    entries = engine.entries()
    s = np.array([entries.part(k, 0, engine.task.T) for k in range(engine.task.N)])
    np.put_along_axis(s, engine.task.q_positions, entries.support, axis=1)
    return s


@pytest.mark.parametrize("kind", ["sparse", "dense"])
@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize(("N", "T", "Q"), [(3, 40, 2), (3, 3, 3), (3, 5000, 1)])
def test_it_begins_with_the_entries_of_the_start(kind, noise, N, T, Q):
    task = a_task(N, T, Q)
    state = before(task, NOISE[noise](task), kind)
    engine = CollapsedEngine(task, NOISE[noise](task), **START)
    other = DenseEngine(task, NOISE[noise](task), **START, dtype=np.float64, value=False)
    engine.adopt(state, task)
    other.adopt(state, task)
    np.testing.assert_allclose(s_of(engine), other.s(), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(engine.normalized(0.2)[0], other.normalized(0.2)[0], rtol=1e-9)
    # After steps the entries have the scalars of the run.
    engine.advance(a_stage(task, rate_A=0.1, rate_V=0.1), 3)
    other.A.bulk[:] = s_of(engine)
    other.A.support[:] = np.take_along_axis(other.A.bulk, task.q_positions, axis=1)
    np.put_along_axis(other.A.bulk, task.q_positions, 0.0, axis=1)
    other.A.off_sums[:, 0] = other.A.bulk.sum(axis=1)
    other.A.off_sums[:, 1] = np.square(other.A.bulk).sum(axis=1)
    other.V.scalars[:] = engine.V.scalars
    np.testing.assert_allclose(other.observe(), engine.observe(), rtol=1e-9, atol=1e-12)


def test_a_state_goes_on_to_the_same_entries():
    task = a_task(N, T)
    state, stage = before(task, isotropic(task), "sparse"), a_stage(task, rate_A=0.1, rate_V=0.1)
    whole, cut, other = (CollapsedEngine(task, isotropic(task), **START) for _ in range(3))
    for engine in whole, cut:
        engine.adopt(state, task)
        engine.advance(stage, 2)
    other.restore(2, {name: array.copy() for name, array in cut.state().items()})
    for engine in whole, other:
        engine.advance(stage, 4)
    np.testing.assert_array_equal(s_of(other), s_of(whole))


def test_a_list_is_the_same_directions():
    task = a_task(N, T)
    engine = CollapsedEngine(task, isotropic(task), **START)
    engine.adopt(before(task, isotropic(task), "sparse"), task)
    given = engine._directions.given
    for one, other in zip(given, from_list(as_list(given, task), task), strict=True):
        np.testing.assert_array_equal(one, other)


def features(s, start, previous):
    """(9,)."""
    off = np.argmax(np.abs(start[0]))
    return np.array(
        [
            s[0, off],
            s[1, 5],
            (s[0] * start[0]).sum(),
            (s[2] * start[2]).sum(),
            (s * previous).sum(),
            s[0].max(),
            np.abs(s[1] - start[1]).max(),
            (s**3).sum(),
            s.sum(axis=1)[0],
        ]
    )


def observed(engine, state, task, runs):
    """(runs, times, 9): of entries beside those of the start and of the snapshot before."""
    engine.adopt(state, task)
    stage = a_stage(task, rate_A=0.2, rate_V=0.1)
    begin = {name: array.copy() for name, array in engine.state().items()}
    start = s_of(engine)
    found = np.empty((runs, len(TIMES), 9))
    for i in range(runs):
        engine.restore(0, begin)
        engine.constants = engine.constants._replace(replica=np.uint64(i))
        previous = start
        for j, time in enumerate(TIMES):
            engine.advance(stage, time - engine.step)
            s = s_of(engine)
            found[i, j] = features(s, start, previous)
            previous = s
    return found


def least(kind, noise, runs):
    task = a_task(N, T, 2, P_concentration=0.1)
    levels = NOISE[noise](task)
    state = before(task, levels, kind)
    truth = DenseEngine(task, levels, **{**START, "seed": 1}, dtype=np.float64, value=False)
    other = CollapsedEngine(task, levels, **{**START, "seed": 2})
    right = observed(truth, state, task, runs)
    outcome = compare(("", ""), TIMES, right, observed(other, state, task, runs), 1e-10)
    return outcome.worst.p * outcome.count


def test_snapshots_in_short():
    assert least("sparse", "isotropic", 150) > CHANCE


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sparse", "dense"])
@pytest.mark.parametrize("noise", NOISE)
def test_the_joint_law_of_snapshots(kind, noise):
    assert least(kind, noise, 1500) > CHANCE


@pytest.mark.slow
def test_a_start_that_does_not_turn_is_seen(monkeypatch):
    from scbsim.engines.directions import DrawnDirections

    draw = DrawnDirections.draw
    monkeypatch.setattr(
        DrawnDirections, "draw", lambda self, at, since: draw(self, at, 0.0 * since)
    )
    assert least("sparse", "isotropic", 1500) < 1e-6 * CHANCE
