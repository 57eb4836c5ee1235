"""SGD under matched and sampled noise from a state with entries, which are kept and drawn from."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scbsim_testing import given_entries
from scbsim_testing.few_numbers import START
from scbsim_testing.given_entries import (
    DENSE,
    N,
    T,
    assert_goes_on,
    keep_directions,
    least_p,
    s_of,
)
from scbsim_testing.real_batches import a_stage, a_task
from scbsim_testing.small_runs import run_spec
from scbsim_testing.stopped_runs import assert_resumes

from scbsim import matrices, simulate
from scbsim.engines.alike import largest_shares, most_of_share
from scbsim.engines.batch import BatchEngine
from scbsim.engines.columns import ColumnsEngine
from scbsim.engines.noise import MatchedNoise, NoiseLevels, SampledNoise
from scbsim.engines.pretrained import solution
from scbsim.engines.sampled import SampledEngine
from scbsim.engines.staged import StagedEngine
from scbsim.engines.warm_start import entries_of, split
from scbsim.errors import InputError, RunWarning
from scbsim.task import related_task

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

CHANCE = 1e-6
MATCHED = MatchedNoise(40, 2, covariances=True)
REAL = SampledNoise(300)


def real(task, noise, **options):
    none, batch = NoiseLevels.none(task), noise.batch_size
    return BatchEngine(task, none, batch_size=batch, dtype=np.float64, **options)


PAIRS = {"columns": (ColumnsEngine, DENSE, MATCHED), "sampled": (SampledEngine, real, REAL)}


def before(task, kind):
    """The state of a run of a kind that has entries."""
    return given_entries.before(task, MATCHED, kind, value=True)


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
    assert_goes_on(partial(made, task, noise, **START), task, before(task, "dense"))


def least(name, kind, runs):
    made, truth, noise = PAIRS[name]
    task = a_task(N, T, 2, P_concentration=0.1)
    pair = (partial(each, task, noise, **START) for each in (truth, made))
    return least_p(*pair, before(task, kind), task, runs)


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
    keep_directions(monkeypatch)
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
    assert_resumes(spec, tmp_path / "whole.h5", tmp_path / "run.h5", 2)
