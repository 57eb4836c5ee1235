"""The loop: which rows there are, and on what they do not depend."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from scbsim_testing.small_runs import assert_same, rows, run_spec

from scbsim import simulate
from scbsim.engines.select import build, plan_of
from scbsim.engines.stages import stages_of
from scbsim.errors import InputError
from scbsim.observables import NAMES
from scbsim.task import Task

TWO = [{"steps": 7, "rule": "sgd"}, {"steps": 9, "rate_A": 0.05}]
NORMALIZED = [f"normalized_{name}" for name in NAMES]


def signal(run):
    return np.maximum(run["alpha_A"], run["alpha_V"]).values


def test_row_0_is_the_start():
    run = simulate(run_spec("init.alpha_A=0.3", "init.alpha_V=-0.2"))
    start = run.isel(step=0)
    assert (int(start["step"]), int(start["stage"])) == (0, 0)
    assert float(start["alpha_A"]) == pytest.approx(0.3, rel=1e-14)
    assert float(start["alpha_V"]) == pytest.approx(-0.2, rel=1e-14)
    assert float(start["delta_A"]) == float(start["delta_V"]) == 0.0
    assert float(start["dist_A"]) == pytest.approx(0.7 * run.attrs["K_Q"] ** 0.5, rel=1e-14)
    assert float(start["dist_V"]) == pytest.approx(1.2 * run.attrs["K_P"] ** 0.5, rel=1e-14)
    assert run["step"].values.tolist() == list(range(21))
    assert np.all(run["delta_A"].values[1:] > 0.0)


def test_stages_follow_one_another():
    run = simulate(run_spec(stages=TWO))
    assert run["step"].values.tolist() == list(range(17))
    assert run["stage"].values.tolist() == [0] * 8 + [1] * 9
    assert run["stage_end"].values.tolist() == [7, 16]
    assert run["stage_reason"].values.tolist() == ["steps", "steps"]
    assert run["stage"].dtype == run["stage_end"].dtype == np.int64
    one = simulate(run_spec(stages=TWO[:1]))
    np.testing.assert_array_equal(rows(one), rows(run)[:8])


@pytest.mark.parametrize("every", [1, 3, 4, 5, 16, 1000])
def test_every_so_many_rows_and_always_the_last(every):
    run = simulate(run_spec(f"output.every={every}", stages=TWO))
    kept = sorted({*range(0, 17, every), 16})
    assert run["step"].values.tolist() == kept
    full = simulate(run_spec(stages=TWO))
    xr.testing.assert_equal(run, full.sel(step=kept))


def test_a_signal_ends_a_stage_at_the_step_that_reaches_it():
    full = simulate(run_spec(steps=40))
    at = 25
    level = signal(full)[at]
    assert signal(full)[:at].max() < level, "the signal must come to a new height there"
    for ask, end in [(level, at), (np.nextafter(level, 2.0), at + 1)]:
        stages = [{"steps": 40, "until_signal": float(ask)}, {"steps": 3}]
        run = simulate(run_spec(stages=stages))
        assert run["stage_end"].values.tolist() == [end, end + 3]
        assert run["stage_reason"].values.tolist() == ["signal", "steps"]
        assert run["stage"].values.tolist() == [0] * (end + 1) + [1] * 3
        np.testing.assert_array_equal(rows(run)[: end + 1], rows(full)[: end + 1])


def test_a_stage_takes_a_step_even_if_the_signal_is_there():
    stages = [{"steps": 5, "until_signal": 0.01}, {"steps": 1, "until_signal": 0.01}]
    run = simulate(run_spec(stages=stages))
    assert run["stage_end"].values.tolist() == [1, 2]
    assert run["stage_reason"].values.tolist() == ["signal", "signal"]


def test_a_normalisation_adds_no_row_and_shows_from_the_next_on():
    still = {"steps": 2, "rule": "sgd", "rate_A": 0.0, "rate_V": 0.0}
    words = ("dynamics.precision=float64",)
    plain = simulate(run_spec(*words, stages=[{"steps": 60}, still]))
    run = simulate(run_spec(*words, stages=[{"steps": 60, "normalize_level": 0.1}, still]))
    assert run["step"].values.tolist() == plain["step"].values.tolist() == list(range(63))
    np.testing.assert_array_equal(rows(run)[:61], rows(plain)[:61])
    assert abs(float(run["dist_A"][61] / run["dist_A"][60]) - 1.0) > 0.1
    assert run["normalized_step"].values.tolist() == [60, 62]
    assert run["normalized_stage"].values.tolist() == [0, 1]
    of_the_state = [float(run[name][0]) for name in NORMALIZED]
    np.testing.assert_allclose(rows(run)[61], of_the_state, rtol=1e-11, atol=1e-11)
    # What is normalised already stays; and the copy at the end is of the same state.
    again = [float(run[name][1]) for name in NORMALIZED]
    np.testing.assert_allclose(again, of_the_state, rtol=1e-11, atol=1e-11)


def test_the_normalised_copy_leaves_the_state_alone():
    spec = run_spec("init.alpha_A=0.8")
    task = Task.from_spec(spec.task)
    (stage,) = stages_of(spec, task)
    watched, alone = (build(plan_of(spec, task), 1) for _ in range(2))
    for _ in range(3):
        row, count = watched.normalized(0.1)
        assert count == 0
        assert row[NAMES.index("alpha_A")] == pytest.approx(1.0, abs=0.01)
        blocks = [engine.advance(stage, 6).rows for engine in (watched, alone)]
        np.testing.assert_array_equal(*blocks)


def test_columns_in_which_nothing_stands_out_are_counted():
    still = [{"steps": 1, "rate_A": 0.0, "rate_V": 0.0}]
    run = simulate(run_spec("init.alpha_A=0.0", stages=still))
    assert run["normalized_count"].values.tolist() == [run.attrs["N"]]
    assert float(run["normalized_dist_A"][0]) == float(run["dist_A"][-1])


@pytest.mark.parametrize("pace", [1, 4, 1000])
@pytest.mark.parametrize("engine", ["dense", "population"])
def test_how_steps_are_cut_into_blocks_shows_nowhere(monkeypatch, pace, engine):
    stages = [
        {"steps": 50, "until_signal": 0.25, "rule": "sgd"},
        {"steps": 13, "normalize_level": 0.1},
        {"steps": 10, "rule": "denoise"},
    ]
    spec = run_spec("output.every=3", f"dynamics.engine={engine}", stages=stages)
    usual = simulate(spec)
    assert usual["stage_reason"].values.tolist() == ["signal", "steps", "steps"]
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: pace)
    assert_same(simulate(spec), usual)


THREADED = """
import hashlib, json, sys
from scbsim_testing.small_runs import rows, run_spec
from scbsim import simulate
for precision, rule in (("float32", "prox"), ("float32", "sgd"), ("float64", "denoise")):
    words = ("task.N=70", "task.T=3000", "dynamics.batch_size=1e7",
             f"dynamics.precision={precision}", f"dynamics.rule={rule}")
    for threads in (1, 2, 3):
        run = simulate(run_spec(*words, steps=12), threads=threads)
        assert json.loads(run.attrs["provenance"])["threads"] == threads
        print(hashlib.sha256(rows(run).tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_the_number_of_threads_shows_nowhere():
    path = os.pathsep.join(sys.path)
    environment = os.environ | {"NUMBA_NUM_THREADS": "3", "PYTHONPATH": path}
    ended = subprocess.run(
        [sys.executable, "-c", THREADED], env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    digests = ended.stdout.split()
    assert len(digests) == 9
    assert [len(set(digests[i : i + 3])) for i in (0, 3, 6)] == [1, 1, 1]
    assert len(set(digests)) == 3


def test_small_runs_start_no_threads():
    run = simulate(run_spec())
    assert json.loads(run.attrs["provenance"])["threads"] == 1


@pytest.mark.parametrize("threads", [0, -1, 10**6])
def test_threads_that_there_are_not(threads):
    with pytest.raises(InputError, match=rf"threads: {threads} asked for; from 1 to \d+"):
        simulate(run_spec(), threads=threads)


@pytest.mark.parametrize("engine", ["dense", "population"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_in_memory_or_in_a_file(engine, precision, tmp_path):
    words = (f"dynamics.engine={engine}", f"dynamics.precision={precision}", "output.every=2")
    stages = [{"steps": 15, "normalize_level": 0.1}, {"steps": 6, "until_signal": 0.01}]
    spec = run_spec(*words, stages=stages)
    kept, filed = simulate(spec), simulate(spec, output=tmp_path / "run.h5")
    assert kept.attrs["run_uuid"] != filed.attrs["run_uuid"]
    for run in (kept, filed):
        run.attrs["run_uuid"] = run.attrs["created_utc"] = ""
    xr.testing.assert_identical(kept, filed)


def test_the_seed_is_the_noise():
    def digest(*words):
        return hashlib.sha256(rows(simulate(run_spec(*words)))[1:].tobytes()).hexdigest()

    runs = ["seed=0", "seed=1", f"seed={2**63}", "dynamics.replica=1", "dynamics.replica=2"]
    digests = [digest(word) for word in runs]
    assert [digest(word) for word in runs] == digests
    assert len(set(digests)) == len(runs)
    assert digest() == digests[0]


def test_every_row_of_another_seed_is_another():
    one, other = (rows(simulate(run_spec(f"seed={seed}"))) for seed in (0, 1))
    np.testing.assert_array_equal(one[0], other[0])
    assert np.all(one[1:] != other[1:])


def test_precision_is_of_the_matrices():
    single, double = (
        simulate(run_spec(f"dynamics.precision={p}", "noise.sigma_A=0.0", "noise.sigma_V=0.0"))
        for p in ("float32", "float64")
    )
    np.testing.assert_allclose(rows(single), rows(double), rtol=1e-6, atol=1e-6)
    noisy = (simulate(run_spec(f"dynamics.precision={p}")) for p in ("float32", "float64"))
    single, double = (rows(run)[-1, NAMES.index("delta_A")] for run in noisy)
    assert single != double


def test_a_function_is_called_after_blocks_and_may_end_the_run(tmp_path):
    seen = []

    def watch(step, stage, observables):
        seen.append((step, stage, observables["loss"]))
        return step >= 3

    run = simulate(run_spec(steps=10**6), on_block=watch, output=tmp_path / "run.h5")
    assert run.attrs["status"] == "stopped"
    assert 3 <= int(run["step"][-1]) < 10**6
    assert seen[0][:2] == (0, 0)
    for step, _, loss in seen:
        assert float(run["loss"].sel(step=step)) == loss
    simulate(run_spec(steps=20), on_block=lambda *facts: None)
