"""How runs end, well or badly, and what their recorders are told."""

from __future__ import annotations

import warnings

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import assert_same, rows, run_spec

from scbsim import load, simulate
from scbsim.engines.gaussian import GaussianEngine
from scbsim.engines.select import plan_of
from scbsim.observables import NAMES
from scbsim.run.recorders import MemoryRecorder
from scbsim.storage.description import describe
from scbsim.task import Task
from scbsim.trajectory.header import RunHeader

STAGES = [{"steps": 30}, {"steps": 30, "rule": "sgd", "rate_A": 1e9, "rate_V": 1e9}, {"steps": 5}]


def blocks_of_one(monkeypatch):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)


@pytest.mark.parametrize("engine", ["dense", "population"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("every", [1, 1000])
def test_a_run_that_diverges_is_a_result(engine, precision, every, tmp_path):
    path = tmp_path / "run.h5"
    words = (f"dynamics.engine={engine}", f"dynamics.precision={precision}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = simulate(run_spec(*words, f"output.every={every}", stages=STAGES), output=path)
    assert run.attrs["status"] == "diverged"
    assert np.all(np.isfinite(rows(run)))
    last = int(run["step"][-1])
    assert 31 <= last < 60
    assert run["step"].values.tolist() == (list(range(last + 1)) if every == 1 else [0, last])
    assert run["stage_end"].values.tolist() == [30, last]
    assert run["stage_reason"].values.tolist() == ["steps", "diverged"]
    assert run.sizes["normalization"] == 0
    with h5py.File(path) as file:
        assert file["trajectory/status"][()] == 4
        assert file["trajectory/n_committed"][()] == run.sizes["step"]


@pytest.mark.parametrize("asked", [1, 2, 5])
@pytest.mark.parametrize("filed", [False, True])
def test_a_run_stops_when_told_to(asked, filed, tmp_path, monkeypatch):
    blocks_of_one(monkeypatch)
    answers = iter([False] * (asked - 1) + [True])
    output = tmp_path / "run.h5" if filed else None
    spec = run_spec("output.every=1000")
    run = simulate(spec, output=output, stop=lambda: next(answers))
    assert run.attrs["status"] == "stopped"
    assert run.sizes["stage_index"] == run.sizes["normalization"] == 0
    if output is None:
        assert run["step"].values.tolist() == sorted({0, asked - 1}), "the last row must be there"
        full = simulate(run_spec())
        np.testing.assert_array_equal(rows(run)[-1], rows(full)[asked - 1])
    else:
        # The last row is in the checkpoint: it is not one of the run that goes on.
        assert run["step"].values.tolist() == [0]
        assert describe(output)["checkpoint_step"] == asked - 1
        assert_same(simulate(spec, output=output, resume=True), simulate(spec))
        assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_a_run_that_is_not_told_to_stop_is_complete():
    asked = []
    run = simulate(run_spec(), stop=lambda: bool(asked.append(1)))
    assert run.attrs["status"] == "complete"
    assert asked
    assert_same(run, simulate(run_spec()))


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt, "stopped"), (ArithmeticError, "failed")]
)
def test_what_an_engine_raises_closes_the_file_and_is_passed_on(
    error, status, tmp_path, monkeypatch
):
    blocks_of_one(monkeypatch)
    advance = GaussianEngine.advance

    def raising(self, stage, steps, *before):
        if self.step == 7:
            raise error
        return advance(self, stage, steps, *before)

    full = simulate(run_spec())
    monkeypatch.setattr(GaussianEngine, "advance", raising)
    path = tmp_path / "run.h5"
    with pytest.raises(error):
        simulate(run_spec(), output=path)
    run = load(path)
    assert run.attrs["status"] == status
    np.testing.assert_array_equal(rows(run), rows(full)[:8])


@pytest.mark.parametrize("method", ["start", "update", "close"])
def test_progress_that_raises_leaves_the_file_closed(method, tmp_path, monkeypatch):
    def raising(*_args, **_kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(f"scbsim.run.progress.Progress.{method}", raising)
    path = tmp_path / "run.h5"
    with pytest.raises(ZeroDivisionError):
        simulate(run_spec(), output=path, progress=True)
    assert load(path).attrs["status"] == ("complete" if method == "close" else "failed")
    with h5py.File(path, "r+"):
        """No one has it open."""


def test_a_question_that_raises_is_a_failure(tmp_path):
    path = tmp_path / "run.h5"
    with pytest.raises(ZeroDivisionError):
        simulate(run_spec(), output=path, stop=lambda: 1 / 0)
    run = load(path)
    assert run.attrs["status"] == "failed"
    assert run["step"].values.tolist() == [0]


def test_rows_in_memory_are_copies():
    spec = run_spec()
    plan = plan_of(spec, Task.from_spec(spec.task))
    recorder = MemoryRecorder(RunHeader(plan, {"engine": "dense"}))
    steps, stages, values = np.arange(3), np.zeros((3, 1), int), np.ones((3, 1, 9))
    recorder.append(steps, stages, values)
    values[:] = stages[:] = steps[:] = 7
    run = recorder.trajectory()
    assert run["step"].values.tolist() == [0, 1, 2]
    assert run["stage"].values.tolist() == [0, 0, 0]
    assert rows(run).max() == 1.0


def test_progress_is_told_the_last_row(monkeypatch, tmp_path):
    told = []
    monkeypatch.setattr("scbsim.run.progress.Progress.start", lambda _, label: told.append(label))
    monkeypatch.setattr(
        "scbsim.run.progress.Progress.update",
        lambda _, step, stage, row: told.append((step, stage)),
    )
    monkeypatch.setattr("scbsim.run.progress.Progress.close", lambda _, status: told.append(status))
    stages = [{"steps": 3, "rule": "sgd"}, {"steps": 4}]
    run = simulate(run_spec(stages=stages), progress=True)
    assert run.attrs["status"] == "complete"
    assert told[0] == "N=6 T=60 sgd"
    assert told[1] == (0, 0)
    assert told[-2:] == [(7, 1), "complete"]


@pytest.mark.parametrize("every", [1, 5, 1000])
def test_progress_is_told_of_every_block_recorded_or_not(every, monkeypatch):
    blocks_of_one(monkeypatch)
    told = []
    monkeypatch.setattr("scbsim.run.progress.Progress.update", lambda _, *words: told.append(words))
    stages = [{"steps": 3}, {"steps": 4}]
    simulate(run_spec(f"output.every={every}", stages=stages))
    full = simulate(run_spec(stages=stages))
    monkeypatch.undo()
    told = told[:8]
    assert [(step, stage) for step, stage, _ in told] == [
        (step, 0 if step <= 3 else 1) for step in range(8)
    ]
    for step, _, row in told:
        assert list(row) == list(NAMES)
        assert list(row.values()) == rows(full)[step].tolist()


def test_without_progress_nothing_is_said(capfd, monkeypatch):
    monkeypatch.setattr("scbsim.run.progress.LINE_SECONDS", -1.0)
    simulate(run_spec(), progress=True)
    assert "step 20/20" in capfd.readouterr().err
    simulate(run_spec())
    assert capfd.readouterr() == ("", "")
