"""SGD from a state with entries: are later entries, drawn from few numbers, those of the truth?"""

from __future__ import annotations

from functools import partial

import numpy as np

from scbsim.engines.dense import DenseEngine
from scbsim.engines.directions import DrawnDirections
from scbsim.engines.sparse import SparseEngine
from scbsim.studies.verify.comparison import compare
from scbsim_testing.few_numbers import START, drawn
from scbsim_testing.real_batches import a_stage

N, T = 3, 40
TIMES = (1, 3, 6)

DENSE = partial(DenseEngine, dtype=np.float64)


def before(task, noise, kind, *, value):
    """The state of a sparse or a dense run, with V as a matrix or not."""
    made = SparseEngine if kind == "sparse" else DENSE
    engine = made(task, noise, **START, value=value)
    rule, threshold = ("prox", 0.12) if kind == "sparse" else ("sgd", 0.0)
    engine.advance(a_stage(task, rule, 0.2, 0.1, threshold), 4)
    return {name: array.copy() for name, array in engine.state().items()}


def s_of(engine):
    """(N, T): s."""
    return engine.s() if hasattr(engine, "s") else drawn(engine)


def assert_goes_on(made, task, state):
    """A copy of the state of an engine that began with `state` goes on to the same entries."""
    stage = a_stage(task, rate_A=0.1, rate_V=0.1)
    whole, cut, other = made(), made(), made()
    for engine in whole, cut:
        engine.adopt(state, task)
        engine.advance(stage, 2)
    other.restore(2, {name: array.copy() for name, array in cut.state().items()})
    for engine in whole, other:
        engine.advance(stage, 4)
    np.testing.assert_array_equal(s_of(other), s_of(whole))


def features(s, start, previous):
    """(9,): numbers of entries beside those of the start and of the last draw."""
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
    """(runs, 2 times, 9): the observables and the `features` at each of the times."""
    engine.adopt(state, task)
    stage = a_stage(task, rate_A=0.2, rate_V=0.1)
    begin = {name: array.copy() for name, array in engine.state().items()}
    start = s_of(engine)
    found = np.empty((runs, 2 * len(TIMES), 9))
    for i in range(runs):
        engine.restore(0, begin)
        engine.constants = engine.constants._replace(replica=np.uint64(i))
        previous = start
        for j, time in enumerate(TIMES):
            row = engine.advance(stage, time - engine.step).rows[-1]
            s = s_of(engine)
            found[i, 2 * j : 2 * j + 2] = row, features(s, start, previous)
            previous = s
    return found


def least_p(truth, other, state, task, runs):
    """The least p-value of all comparisons, times their number; each engine has another seed."""
    right, found = (
        observed(made(seed=seed), state, task, runs) for seed, made in enumerate((truth, other), 1)
    )
    labels = tuple(f"{time} {what}" for time in TIMES for what in ("rows", "entries"))
    outcome = compare(("", ""), labels, right, found, 1e-10)
    return outcome.worst.p * outcome.count


def keep_directions(monkeypatch):
    """Make every later draw that of the start: directions do not turn."""
    draw = DrawnDirections.draw
    monkeypatch.setattr(
        DrawnDirections, "draw", lambda self, at, since: draw(self, at, 0.0 * since)
    )
