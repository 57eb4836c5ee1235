"""Two snapshots of drawn entries have the joint law of the entries that other engines keep."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scbsim_testing.real_batches import a_stage, a_task

from scbsim.engines.batch import BatchEngine
from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.columns import ColumnsEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.directions import DrawnDirections
from scbsim.engines.noise import MatchedNoise, NoiseLevels, SampledNoise
from scbsim.engines.sampled import SampledEngine
from scbsim.studies.verify.comparison import compare

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

CHANCE = 1e-6
TIMES = (3, 6)
N, T = 3, 40
START = {"alpha_A": 0.1, "alpha_V": 0.4}


def isotropic(task):
    return NoiseLevels(0.05 / np.sqrt(task.mu), 0.02)


def ladder(task):
    return NoiseLevels(0.03 + 0.03 * np.arange(task.N), 0.02)


def matched(task):
    return MatchedNoise(20, 2, covariances=True)


def real(task, noise, **options):
    none, batch = NoiseLevels.none(task), noise.batch_size
    return BatchEngine(task, none, batch_size=batch, dtype=np.float64, **options)


def scalars(task, noise, **options):
    return DenseEngine(task, noise, dtype=np.float64, value=False, **options)


DENSE = partial(DenseEngine, dtype=np.float64)
PAIRS = {
    "collapsed": (CollapsedEngine, scalars, isotropic),
    "a level for each column": (CollapsedEngine, scalars, ladder),
    "columns": (ColumnsEngine, DENSE, matched),
    "sampled": (SampledEngine, real, lambda task: SampledNoise(300)),
}


def entries_of(engine):
    """(N, T): s, off the support and on it."""
    if hasattr(engine, "s"):
        return engine.s()
    entries = engine.entries()
    s = np.array([entries.part(k, 0, T) for k in range(N)])
    np.put_along_axis(s, engine.task.q_positions, entries.support, axis=1)
    return s


def features(s, before, task):
    """(9,): of the entries of two snapshots, the second of which may be the first itself."""
    off = np.ones((N, T), bool)
    np.put_along_axis(off, task.q_positions, False, axis=1)
    one, two = s[off].reshape(N, -1), before[off].reshape(N, -1)
    return np.array(
        [
            one[0, 0],
            one[1, 5],
            one[0, 0] * two[0, 0],
            (one[0] * two[0]).sum(),
            (one[2] * two[2]).sum() / np.sqrt(np.square(one[2]).sum() * np.square(two[2]).sum()),
            one[0].max(),
            one[1].max() - two[1].max(),
            (one**3).sum(),
            s.sum(axis=1)[0],
        ]
    )


def observed(made, noise, task, seed, runs):
    """(runs, times, 9): the features of each snapshot beside the first."""
    engine, stage = made(task, noise, **START, seed=seed), a_stage(task, rate_A=0.2, rate_V=0.1)
    start = {name: array.copy() for name, array in engine.state().items()}
    found = np.empty((runs, len(TIMES), 9))
    for i in range(runs):
        engine.restore(0, start)
        engine.constants = engine.constants._replace(replica=np.uint64(i))
        snapshots = []
        for j, time in enumerate(TIMES):
            engine.advance(stage, time - engine.step)
            snapshots.append(entries_of(engine))
            # The squared cosine of a snapshot with itself is 1 in both samples.
            found[i, j] = features(snapshots[-1], snapshots[0], task)
    return found


def least(name, runs):
    made, truth, levels = PAIRS[name]
    task = a_task(N, T, 2, P_concentration=0.1)
    right = observed(truth, levels(task), task, 1, runs)
    outcome = compare(("", ""), TIMES, right, observed(made, levels(task), task, 2, runs), 1e-10)
    return outcome.worst.p * outcome.count


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_two_snapshots(name):
    assert least(name, 1500) > CHANCE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["collapsed", "columns", "sampled"])
def test_snapshots_of_one_time_each_are_seen(name, monkeypatch):
    """Each has the right law, but they are drawn apart."""
    draw = DrawnDirections.draw
    monkeypatch.setattr(
        DrawnDirections, "draw", lambda self, at, since: draw(self, at, 0.0 * since)
    )
    assert least(name, 1500) < 1e-6 * CHANCE


def test_two_snapshots_in_short():
    assert least("collapsed", 150) > CHANCE
