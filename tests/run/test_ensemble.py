"""Each replica of an ensemble is the single run on its noise stream, to the bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import load, simulate
from scbsim.engines.gaussian import GaussianEngine
from scbsim.engines.select import plan_of
from scbsim.errors import InputError, MemoryNeeded
from scbsim.observables import NAMES
from scbsim.run.ensemble import replicas_take_turns
from scbsim.run.final_rows import final_rows
from scbsim.spec import RunSpec
from scbsim.task import Task

R, BASE = 6, 3

# The signal is there at other steps in other replicas, and some of them run away.
TWO = [
    {"steps": 40, "rule": "sgd", "until_signal": 0.3, "normalize_level": 0.1},
    {"steps": 23, "threshold_sigmas": 3.0},
]
UNEVEN = ("dynamics.batch_size=1000", "task.seed=2")
WILD = [
    {"steps": 9, "normalize_level": 0.1},
    {"steps": 12, "rule": "sgd", "rate_A": 1, "rate_V": 1},
]
WILDLY = ("dynamics.batch_size=300",)


def ensemble_spec(*words: str, **options) -> RunSpec:
    return run_spec(f"dynamics.replicas={R}", f"dynamics.replica={BASE}", *words, **options)


def assert_replicas_are_runs(ensemble: xr.Dataset, *words: str, **options) -> list[xr.Dataset]:
    """Compare with single runs, whose last steps may be rows of the ensemble that they lack."""
    singles = [
        simulate(run_spec(f"dynamics.replica={BASE + r}", *words, **options)) for r in range(R)
    ]
    assert ensemble["replica"].values.tolist() == [BASE + r for r in range(R)]
    steps = sorted({step for single in singles for step in single["step"].values.tolist()})
    assert ensemble["step"].values.tolist() == steps
    for r, single in enumerate(singles):
        mine = ensemble.isel(replica=r)
        assert mine["replica_status"] == single.attrs["status"]
        here = mine.sel(step=single["step"])
        for name in ("stage", *NAMES):
            assert here[name].values.tobytes() == single[name].values.tobytes(), name
        after = mine.sel(step=mine["step"] > single["step"][-1])
        assert (after["stage"] == -1).all()
        assert all(np.isnan(after[name]).all() for name in NAMES)
        for along in ("normalization", "stage_index"):
            k = single.sizes[along]
            for name in (name for name in single if single[name].dims == (along,)):
                there, rest = mine[name].values[:k], mine[name].values[k:]
                assert there.tobytes() == single[name].values.tobytes(), name
                assert all(x != x or x in (-1, "") for x in rest.tolist()), name
    return singles


def last_rows(run: xr.Dataset) -> np.ndarray:
    """Return the observables after the last step of each replica."""
    last = [int(np.flatnonzero(stages >= 0)[-1]) for stages in run["stage"].values]
    return np.stack([run[name].values[range(R), last] for name in NAMES], axis=1)


@pytest.mark.parametrize("rule", ["sgd", "prox", "denoise"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_rule(rule, precision):
    words = (f"dynamics.rule={rule}", f"dynamics.precision={precision}")
    run = simulate(ensemble_spec(*words))
    assert_replicas_are_runs(run, *words)
    assert run.attrs["status"] == "complete"
    assert run["loss"].dims == ("replica", "step")
    assert len(set(run["loss"].values[:, -1].tolist())) == R


@pytest.mark.parametrize("every", [1, 7, 1000])
@pytest.mark.parametrize("filed", [False, True])
def test_stages_that_end_at_different_steps(every, filed, tmp_path):
    words = (*UNEVEN, f"output.every={every}")
    spec = ensemble_spec(*words, stages=TWO)
    run = simulate(spec, output=tmp_path / "run.h5" if filed else None)
    assert len(set(run["stage_end"].values[:, 0].tolist())) > 1
    assert (
        len(set(run["step"].values[(run["stage"].values >= 0).cumsum(axis=1).argmax(axis=1)])) > 1
    )
    assert run["stage_reason"].values[:, 0].tolist().count("signal") == R
    assert run["normalized_loss"].dims == ("replica", "normalization")
    assert_replicas_are_runs(run, *words, stages=TWO)


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 7, 1000])
def test_some_diverge(every, tmp_path):
    words = (*WILDLY, f"output.every={every}")
    run = simulate(ensemble_spec(*words, stages=WILD), output=tmp_path / "run.h5")
    ended = run["replica_status"].values.tolist()
    assert {"complete", "diverged"} == set(ended)
    assert run.attrs["status"] == "complete"
    assert_replicas_are_runs(run, *words, stages=WILD)


def test_all_diverge():
    stages = [{"steps": 200, "rule": "sgd", "rate_A": 1e9, "rate_V": 1e9}]
    run = simulate(ensemble_spec(stages=stages))
    assert run.attrs["status"] == "diverged"
    assert set(run["replica_status"].values.tolist()) == {"diverged"}
    assert_replicas_are_runs(run, stages=stages)


@pytest.mark.parametrize(
    ("engine", "rule"), [("collapsed", "sgd"), ("sparse", "prox"), ("sparse", "denoise")]
)
def test_every_engine(engine, rule):
    words = (f"dynamics.engine={engine}", f"dynamics.rule={rule}", "dynamics.batch_size=1000")
    stages = [{"steps": 30, "until_signal": 0.13}, {"steps": 9}]
    if engine == "sparse":
        for stage in stages:
            stage |= {"threshold_sigmas": 2.0, "normalize_level": 0.1}
    run = simulate(ensemble_spec(*words, stages=stages))
    assert run.attrs["engine"] == engine
    assert len(set(run["stage_end"].values[:, 0].tolist())) > 1
    assert_replicas_are_runs(run, *words, stages=stages)


def test_the_population_process_has_no_noise():
    run = simulate(ensemble_spec("dynamics.engine=population"))
    assert_replicas_are_runs(run, "dynamics.engine=population")
    assert np.ptp(run["loss"].values, axis=0).max() == 0.0


@pytest.mark.parametrize("pace", [1, 3, 4, 1000])
@pytest.mark.parametrize(("words", "stages"), [(UNEVEN, TWO), (WILDLY, WILD)])
def test_how_steps_are_cut_into_blocks_shows_nowhere(pace, words, stages, monkeypatch):
    spec = ensemble_spec(*words, "output.every=5", stages=stages)
    usual = simulate(spec)
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: pace)
    assert_same(simulate(spec), usual)


def test_wide_ensembles_have_short_blocks(monkeypatch):
    asked = []
    advance = GaussianEngine.advance
    monkeypatch.setattr("scbsim.run.loop._BLOCK_ROWS", 3 * R + 1)
    monkeypatch.setattr(
        GaussianEngine,
        "advance",
        lambda self, stage, n, *before: (asked.append(n), advance(self, stage, n, *before))[1],
    )
    run = simulate(ensemble_spec())
    assert max(asked) == 3
    monkeypatch.undo()
    assert_same(run, simulate(ensemble_spec()))


@pytest.mark.parametrize("every", [1, 1000])
@pytest.mark.parametrize("filed", [False, True])
def test_it_stops_when_told_to(every, filed, tmp_path, monkeypatch):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    looks = iter(range(100))
    spec = ensemble_spec(f"output.every={every}")
    output = tmp_path / "run.h5" if filed else None
    run = simulate(spec, output=output, stop=lambda: next(looks) == 4)
    assert run.attrs["status"] == "stopped"
    assert set(run["replica_status"].values.tolist()) == {"stopped"}
    last = 0 if filed and every > 1 else 4
    assert run["step"].values.tolist() == (list(range(5)) if every == 1 else sorted({0, last}))
    if filed:
        assert_same(simulate(spec, output=output, resume=True), simulate(spec))


def test_what_an_engine_raises_is_passed_on_from_any_thread(tmp_path, monkeypatch):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    advance = GaussianEngine.advance

    def raising(self, stage, steps, *before):
        if self.step == 7 and self.constants.replica == BASE + 4:
            raise ArithmeticError
        return advance(self, stage, steps, *before)

    monkeypatch.setattr(GaussianEngine, "advance", raising)
    path = tmp_path / "run.h5"
    with pytest.raises(ArithmeticError):
        simulate(ensemble_spec(), output=path)
    run = load(path)
    assert run.attrs["status"] == "failed"
    assert set(run["replica_status"].values.tolist()) == {"failed"}
    assert run.sizes["step"] == 8


THREADED = """
import hashlib, json, sys
import scbsim.run.ensemble
from scbsim_testing.small_runs import run_spec
from scbsim import simulate
stages = [{"steps": 6, "until_signal": 0.102}, {"steps": 6, "rule": "denoise"}]
for in_turn in (False, True):
    scbsim.run.ensemble.replicas_take_turns = lambda *_: in_turn
    for threads in (1, 2, 3):
        words = ("task.N=30", "task.T=3000", "dynamics.batch_size=1e7", "dynamics.replicas=7")
        run = simulate(run_spec(*words, stages=stages), threads=threads)
        assert json.loads(run.attrs["provenance"])["threads"] == threads
        print(hashlib.sha256(run["loss"].values.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_neither_threads_nor_how_they_are_used_show_anywhere():
    path = os.pathsep.join(sys.path)
    environment = os.environ | {"NUMBA_NUM_THREADS": "3", "PYTHONPATH": path}
    ended = subprocess.run(
        [sys.executable, "-c", THREADED], env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    digests = ended.stdout.split()
    assert len(digests) == 6
    assert len(set(digests)) == 1


@pytest.mark.parametrize(
    ("engine", "T", "replicas", "threads", "in_turn"),
    [
        ("dense", 10**5, 16, 16, False),
        ("dense", 10**5, 1000, 16, False),
        ("dense", 10**5, 4, 16, True),
        ("dense", 10**5, 17, 16, True),
        ("dense", 100, 4, 16, False),
        ("population", 10**9, 4, 16, False),
        ("dense", 10**5, 4, 1, False),
    ],
)
def test_replicas_take_turns_where_threads_would_be_idle(engine, T, replicas, threads, in_turn):
    words = ("task.N=100", f"task.T={T}", f"dynamics.replicas={replicas}")
    spec = run_spec(*words, f"dynamics.engine={engine}")
    task = Task.random(N=100, T=T, Q=2)
    assert replicas_take_turns(plan_of(spec, task), threads) == in_turn


def test_the_states_of_all_must_fit():
    words = ("task.N=1000", "task.T=1e9", "dynamics.replicas=10")
    said = r"an ensemble of 10 replicas of the dense engine at N =.*: run fewer at a time"
    with pytest.raises(MemoryNeeded, match=said):
        simulate(run_spec(*words), task=Task.random(N=1000, T=10**9, Q=2))


def test_progress_is_told_medians_and_counts(monkeypatch):
    told = []
    monkeypatch.setattr("scbsim.run.progress.Progress.update", lambda _, *words: told.append(words))
    run = simulate(ensemble_spec(*WILDLY, stages=WILD))
    step, stage, row, note = told[0]
    assert (step, stage, note) == (0, 0, f"{R} running")
    assert row["alpha_A"] == run["alpha_A"].values[0, 0]
    step, _, row, note = told[-1]
    assert step == run["step"][-1]
    assert sorted(note.split(", ")) == sorted(
        f"{run['replica_status'].values.tolist().count(name)} {name}"
        for name in ("complete", "diverged")
    )
    assert row["loss"] == np.median(last_rows(run)[:, NAMES.index("loss")])


@pytest.mark.parametrize(("words", "stages"), [((), TWO), (UNEVEN, TWO), (WILDLY, WILD)])
@pytest.mark.parametrize("threads", [1, None])
def test_endings_are_those_of_the_run(words, stages, threads):
    spec = ensemble_spec(*words, stages=stages)
    task = Task.from_spec(spec.task)
    found, run = final_rows(spec, task, threads), simulate(spec)
    assert found.rows.tobytes() == last_rows(run).tobytes()
    assert list(found.status) == run["replica_status"].values.tolist()


def test_endings_of_a_single_run():
    found, run = final_rows(run_spec(), Task.from_spec(run_spec().task)), simulate(run_spec())
    assert found.rows.tolist() == [[float(run[name][-1]) for name in NAMES]]
    assert found.status == ("complete",)


def test_endings_start_from_signals():
    spec = RunSpec.from_dict(json.loads(run_spec().to_json()) | {"init": {"from": "run.h5"}})
    with pytest.raises(InputError, match=r"init\.from: .*run\.h5; final_rows needs a start"):
        final_rows(spec, Task.from_spec(spec.task))
