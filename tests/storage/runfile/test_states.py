"""Snapshots and last states: in the file, of the right shapes, and those of the engine."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import TASK, assert_same, run_spec

from scbsim import load, simulate
from scbsim.engines.select import plan_of
from scbsim.storage.runfile.reader import last_state
from scbsim.storage.runfile.row_writer import FileRecorder
from scbsim.storage.runfile.states import read_state
from scbsim.task import Task
from scbsim.trajectory.header import RunHeader

N, T, Q = TASK["N"], TASK["T"], TASK["Q"]
SHAPES = {
    "bulk": (N, T),
    "support": (N, Q),
    "off_sums": (N, 2),
    "W": (N, N),
    "scalars": (2,),
    "mean": (N,),
}


@pytest.fixture
def seen(monkeypatch):
    """What the recorder was given, copied at once: step and state."""
    given = {"snapshot": [], "final": []}
    for name in given:
        real = getattr(FileRecorder, name)

        def spy(self, step, state, name=name, real=real):
            given[name].append((step, {key: array.copy() for key, array in state.items()}))
            real(self, step, state)

        monkeypatch.setattr(FileRecorder, name, spy)
    return given


def assert_states(group, expected):
    assert group["step"][:].tolist() == [step for step, _ in expected]
    for i, (step, state) in enumerate(expected):
        at, kept = read_state(group, i)
        assert at == step
        assert set(kept) == set(state)
        for name, array in state.items():
            assert kept[name].dtype == array.dtype
            assert kept[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_they_are_those_of_the_engine(seen, tmp_path, precision):
    path = tmp_path / "run.h5"
    words = ("output.snapshot_every=7", "output.every=5", f"dynamics.precision={precision}")
    spec = run_spec(*words, stages=[{"steps": 12, "normalize_level": 0.1}, {"steps": 10}])
    run = simulate(spec, output=path)
    assert run["step"].values.tolist() == [0, 5, 10, 15, 20, 22]
    assert [step for step, _ in seen["snapshot"]] == [0, 7, 14, 21]
    assert [step for step, _ in seen["final"]] == [22]
    with h5py.File(path) as file:
        assert_states(file["snapshots"], seen["snapshot"])
        assert_states(file["final"], seen["final"])
        for group, count in (("snapshots", 4), ("final", 1)):
            assert {k: v.shape for k, v in file[group].items() if k != "step"} == {
                name: (count, *shape) for name, shape in SHAPES.items()
            }
            assert file[group]["bulk"].dtype == precision


def test_snapshots_change_nothing(tmp_path):
    run = simulate(run_spec("output.snapshot_every=3"), output=tmp_path / "run.h5")
    assert_same(run, simulate(run_spec()))


@pytest.mark.slow
def test_a_run_that_goes_on_keeps_the_same_snapshots(tmp_path, checked_here):
    spec = run_spec("output.snapshot_every=40", steps=300)
    whole, parts = tmp_path / "whole.h5", tmp_path / "parts.h5"
    simulate(spec, output=whole)
    for _ in range(20):
        looks = iter([False] * 3 + [True])
        run = simulate(spec, output=parts, resume=True, stop=lambda looks=looks: next(looks))
        if run.attrs["status"] == "complete":
            break
    assert_same(run, load(whole))
    with h5py.File(whole) as one, h5py.File(parts) as other:
        assert one["snapshots/step"][:].tolist() == list(range(0, 301, 40))
        for group in ("snapshots", "final"):
            for name, data in one[group].items():
                assert data[()].tobytes() == other[group][name][()].tobytes()


def test_the_population_engine_has_signals_only(tmp_path):
    path = tmp_path / "run.h5"
    simulate(run_spec("dynamics.engine=population", "output.final_state=true"), output=path)
    with h5py.File(path) as file:
        assert file["final/W"].shape == (1, 0, 0)
        assert file["final/support"].shape == (1, N, Q)
        assert "bulk" not in file["final"]


@pytest.mark.parametrize(
    ("wanted", "under", "kept"),
    [
        ("true", 10, True),
        ("true", 10**9, True),
        ("false", 10**9, False),
        ("auto", 10**9, True),
        ("auto", 10, False),
    ],
)
def test_the_last_state_is_kept_as_the_spec_says(tmp_path, monkeypatch, wanted, under, kept):
    monkeypatch.setattr(RunHeader, "KEPT_UNDER", under)
    path = tmp_path / "run.h5"
    simulate(run_spec(f"output.final_state={wanted}"), output=path)
    with h5py.File(path) as file:
        assert ("final" in file) == kept
        assert "snapshots" not in file
    if kept:
        task, state = last_state(path)
        assert (task.N, task.T, task.Q) == (N, T, Q)
        assert state["W"].shape == (N, N)


@pytest.mark.parametrize(("wanted", "kept"), [("auto", False), ("true", True)])
def test_auto_draws_its_line_at_64_MB(wanted, kept):
    spec = run_spec(f"output.final_state={wanted}")
    header = RunHeader(plan_of(spec, Task.from_spec(spec.task)), {})

    def state(count):
        return {"a": np.empty(count - 8, np.uint8), "b": np.empty(1)}

    assert header.keeps_final(state(64 * 10**6 - 1))
    assert header.keeps_final(state(64 * 10**6)) == kept


def test_a_run_that_did_not_end_has_none(tmp_path):
    path = tmp_path / "run.h5"
    simulate(run_spec("output.snapshot_every=1"), output=path, stop=lambda: True)
    with h5py.File(path) as file:
        assert file["final/step"].shape == (0,)
        assert file["snapshots/step"][:].tolist() == [0]
