"""SGD under matched and sampled noise from a state with entries, which are kept and drawn from."""

from __future__ import annotations

from functools import partial

import h5py
import numpy as np
import pytest
from scbsim_testing.real_batches import a_stage, a_task
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import load, matrices, simulate
from scbsim.engines.alike import largest_shares, most_of_share
from scbsim.engines.batch import BatchEngine
from scbsim.engines.columns import ColumnsEngine
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise, NoiseLevels
from scbsim.engines.pretrained import solution
from scbsim.engines.sampled import SampledEngine
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.staged import StagedEngine
from scbsim.engines.warm_start import entries_of, split
from scbsim.errors import InputError, RunWarning
from scbsim.studies.verify.comparison import compare
from scbsim.task import related_task

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

CHANCE = 1e-6
START = {"alpha_A": 0.3, "alpha_V": 0.4, "seed": 3}
N, T = 3, 40
TIMES = (1, 3, 6)
MATCHED = MatchedNoise(40, 2, covariances=True)
REAL = MatchedNoise(300, 1)


def real(task, noise, **options):
    none, batch = NoiseLevels.none(task), noise.batch_size
    return BatchEngine(task, none, batch_size=batch, dtype=np.float64, **options)


DENSE = partial(DenseEngine, dtype=np.float64)
PAIRS = {"columns": (ColumnsEngine, DENSE, MATCHED), "sampled": (SampledEngine, real, REAL)}


def before(task, kind):
    """The state of a run of a kind that has entries."""
    made = SparseEngine if kind == "sparse" else DENSE
    engine = made(task, MATCHED, **START, value=True)
    rule, threshold = ("prox", 0.12) if kind == "sparse" else ("sgd", 0.0)
    engine.advance(a_stage(task, rule, 0.2, 0.1, threshold), 4)
    return {name: array.copy() for name, array in engine.state().items()}


def s_of(engine):
    """(N, T): s."""
    if hasattr(engine, "s"):
        return engine.s()
    entries = engine.entries()
    s = np.array([entries.part(k, 0, engine.task.T) for k in range(engine.task.N)])
    np.put_along_axis(s, engine.task.q_positions, entries.support, axis=1)
    return s


@pytest.mark.parametrize("kind", ["sparse", "dense"])
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(("N", "T", "Q"), [(3, 40, 2), (3, 5000, 1)])
def test_it_begins_with_the_entries_of_the_start(name, kind, N, T, Q):
    made, truth, noise = PAIRS[name]
    task = a_task(N, T, Q)
    state = before(task, kind)
    engine, other = made(task, noise, **START), truth(task, noise, **START)
    engine.adopt(state, task)
    other.adopt(state, task)
    assert engine.can_draw
    np.testing.assert_allclose(s_of(engine), other.s(), rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(engine.normalized(0.2)[0], other.normalized(0.2)[0], rtol=1e-8)


@pytest.mark.parametrize("name", PAIRS)
def test_a_state_goes_on_to_the_same_entries(name):
    made, _, noise = PAIRS[name]
    task = a_task(N, T)
    state, stage = before(task, "dense"), a_stage(task, rate_A=0.1, rate_V=0.1)
    whole, cut, other = (made(task, noise, **START) for _ in range(3))
    for engine in whole, cut:
        engine.adopt(state, task)
        engine.advance(stage, 2)
    other.restore(2, {name: array.copy() for name, array in cut.state().items()})
    for engine in whole, other:
        engine.advance(stage, 4)
    np.testing.assert_array_equal(s_of(other), s_of(whole))


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
    """(runs, 2 times, 9): observables, and entries beside those of the start and the last draw."""
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


def least(name, kind, runs):
    made, truth, noise = PAIRS[name]
    task = a_task(N, T, 2, P_concentration=0.1)
    state = before(task, kind)
    right = observed(truth(task, noise, **{**START, "seed": 1}), state, task, runs)
    other = observed(made(task, noise, **{**START, "seed": 2}), state, task, runs)
    labels = tuple(f"{time} {what}" for time in TIMES for what in ("rows", "entries"))
    outcome = compare(("", ""), labels, right, other, 1e-10)
    return outcome.worst.p * outcome.count


def test_snapshots_in_short():
    assert least("columns", "dense", 100) > CHANCE


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sparse", "dense"])
@pytest.mark.parametrize("name", PAIRS)
def test_the_joint_law_of_snapshots(name, kind):
    assert least(name, kind, 1500) > CHANCE


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_a_start_that_does_not_turn_is_seen(name, monkeypatch):
    from scbsim.engines.directions import DrawnDirections

    draw = DrawnDirections.draw
    monkeypatch.setattr(
        DrawnDirections, "draw", lambda self, at, since: draw(self, at, 0.0 * since)
    )
    assert least(name, "dense", 1500) < 1e-6 * CHANCE


@pytest.mark.parametrize("name", PAIRS)
def test_entries_that_stand_out_are_not_drawn(name):
    """In the solution of a related task the entries of its support do."""
    made, _, noise = PAIRS[name]
    task = a_task(6, 400, 2)
    old = related_task(task, 0.3, seed=1, P_concentration=1.0)
    state = solution(old)
    columns, others = split(entries_of(state, old), task)
    assert largest_shares(columns, others, task).max() > most_of_share(task)
    engine = made(task, noise, **START)
    with pytest.warns(RunWarning, match="init: entries of the start stand out: one off"):
        engine.adopt(state, old)
    assert np.isnan(engine.normalized(0.3)[0]).all()
    instead = "batch" if name == "sampled" else "dense"
    with pytest.raises(InputError, match=f'stand out.*take dynamics.engine = "{instead}"'):
        engine.entries()


def test_shares_are_those_of_all_entries():
    task = a_task(3, 30, 2)
    state = before(task, "dense")
    columns, others = split(entries_of(state, task), task)
    engine = DENSE(task, MATCHED, **START)
    engine.adopt(state, task)
    a = engine.s() + (1.0 - engine.s().sum(axis=1, keepdims=True)) / task.T
    off = a.copy()
    np.put_along_axis(off, task.q_positions, 0.0, axis=1)
    right = np.square(off).max(axis=1) / np.square(a).sum(axis=1)
    np.testing.assert_allclose(largest_shares(columns, others, task), right, rtol=1e-10)


def test_the_hand_over_has_the_entries_of_the_start():
    task = a_task(N, T)
    engine = StagedEngine(task, MATCHED, **START)
    other = DENSE(task, MATCHED, **START)
    for each in engine, other:
        each.adopt(before(task, "dense"), task)
    still = a_stage(task, "prox", 1e-9, 0.0, 0.0)
    s = other.s()
    engine.advance(still, 1)
    on = np.zeros(s.shape)
    state = engine.part.state()
    for k in range(N):
        here = slice(*state["indptr"][k : k + 2])
        on[k, state["indices"][here]] = state["data"][here]
    np.put_along_axis(on, task.q_positions, state["support"], axis=1)
    np.testing.assert_allclose(on, s, atol=1e-7)


@pytest.mark.parametrize(
    ("engine", "model"),
    [("columns", "matched"), pytest.param("sampled", "sampled", marks=pytest.mark.slow)],
)
def test_a_run_from_a_file_has_its_entries(tmp_path, engine, model):
    size = ("dynamics.batch_size=3000", "dynamics.rule=sgd")
    first = ("dynamics.engine=dense", "noise.model=matched", "dynamics.precision=float64")
    simulate(run_spec(*size, *first, "output.final_state=true"), output=tmp_path / "first.h5")
    words = (f"dynamics.engine={engine}", f"noise.model={model}", f"init.from={tmp_path}/first.h5")
    every = ("output.snapshot_every=5", "output.normalized_every=5", "output.final_state=true")
    spec = run_spec(*size, *words, *every)
    whole = simulate(spec, output=tmp_path / "whole.h5")
    old, new = matrices(tmp_path / "first.h5"), matrices(tmp_path / "whole.h5", 0)
    np.testing.assert_allclose(new.dense(), old.dense(), rtol=1e-9, atol=1e-13)
    assert np.isfinite(whole["normalized_delta_A"].values).all()
    calls = []
    simulate(spec, output=tmp_path / "run.h5", stop=lambda: calls.append(1) or len(calls) > 2)
    assert load(tmp_path / "run.h5").attrs["status"] == "stopped"
    simulate(spec, output=tmp_path / "run.h5", resume=True)
    assert_same(load(tmp_path / "run.h5"), load(tmp_path / "whole.h5"))
    with h5py.File(tmp_path / "run.h5") as file, h5py.File(tmp_path / "whole.h5") as other:
        for group in "snapshots", "final":
            for name, data in file[group].items():
                np.testing.assert_array_equal(data[()], other[group][name][()])
