"""``scbsim.load`` opens every file that scbsim writes, and folders of one thing."""

from __future__ import annotations

from contextlib import suppress

import h5py
import numpy as np
import pytest
import xarray as xr
from scbsim_testing.every_file import RUNS
from scbsim_testing.small_runs import TASK
from scbsim_testing.small_sweeps import ran

from scbsim import Task, load
from scbsim.errors import OutputError, RunWarning, TaskError
from scbsim.sweep import collect as collecting

DATASETS = {
    **{kind: {"step"} for kind in (*RUNS, "scalars", "stopped")},
    **{kind: {"seed", "step", "replica"} for kind in ("copy", "view")},
    "samples": {"sample", "position", "token"},
    "task": {"token", "next_token", "attended"},
    "phase": {"rule", "y", "x"},
    "boundary": {"curve", "seed", "point", "run"},
    "compare": {"model", "gaussian", "observable", "step"},
}


@pytest.mark.parametrize("kind", DATASETS)
def test_every_file_is_loaded(files, kind):
    found = load(files[kind])
    assert set(found.sizes) >= DATASETS[kind]
    # In memory: nothing is read from the file afterwards.
    assert all(isinstance(each.variable._data, np.ndarray) for each in found.values())


def test_samples_and_tasks_have_the_task(files):
    task = Task.random(**TASK)
    for kind in ("samples", "task"):
        found = load(files[kind])
        np.testing.assert_array_equal(found["P"], task.P)
        np.testing.assert_array_equal(found["q_positions"], task.q_positions)
        assert (found.attrs["N"], found.attrs["T"], found.attrs["K_P"]) == (6, 60, task.K_P)
    found = load(files["samples"])
    with h5py.File(files["samples"]) as file:
        for name in ("tokens", "query", "output", "source"):
            np.testing.assert_array_equal(found[name], file[name])
    assert (found.attrs["seed"], found.attrs["first"]) == (8, 0)


def test_a_diagram_and_a_comparison_are_what_xarray_gives(files):
    for kind in ("phase", "boundary", "compare"):
        with xr.open_dataset(files[kind], engine="h5netcdf") as expected:
            xr.testing.assert_identical(load(files[kind]), expected.load())
            xr.testing.assert_identical(load(files[kind].parent), expected.load())


def test_the_folder_of_a_sweep_is_what_collect_makes(files, folder):
    found, expected = load(folder / "d"), load(files["copy"])
    xr.testing.assert_identical(found.drop_vars("file"), expected.drop_vars("file"))
    assert found["file"].values.ravel().tolist() == [
        f"seed={seed},dynamics.replicas=2/run.h5" for seed in range(3)
    ]


def test_runs_that_are_not_finished_are_nan_and_said(tmp_path):
    ran(tmp_path, 'product = {"seed" = "0:3"}', but=[1])
    with pytest.warns(RunWarning, match=r"1 of 3 runs in .*d is not finished: it is NaN"):
        found = load(tmp_path / "d")
    assert found["loss"].isnull().all("step").values.tolist() == [False, True, False]


def test_a_sweep_of_too_many_runs_says_what_to_do(tmp_path, monkeypatch):
    ran(tmp_path, 'product = {"seed" = "0:3"}')
    monkeypatch.setattr(collecting, "MOST_LINKED", 2)
    with pytest.raises(OutputError, match=r"sweep of 3 runs.*`scbsim collect .*d -o ALL\.h5`"):
        load(tmp_path / "d")


def test_what_has_no_dataset_says_so(files, folder, tmp_path):
    with pytest.raises(OutputError, match=r"is a checkpoint.*opens the output"):
        load(files["checkpoint"])
    with pytest.raises(OutputError, match=r"folder of several files, batch\.h5.*load one of them"):
        load(folder)
    with pytest.raises(OutputError, match="is a folder without files of scbsim's"):
        load(tmp_path)


def test_a_comparison_of_an_earlier_version(files, tmp_path):
    with xr.open_dataset(files["compare"], engine="h5netcdf") as found:
        old = found.load()
    for name in ("format", "schema_version", "code_version"):
        del old.attrs[name]
    old.to_netcdf(tmp_path / "compare.h5", engine="h5netcdf")
    xr.testing.assert_identical(load(tmp_path / "compare.h5"), old)


@pytest.mark.parametrize("kind", ["none", "empty", "text", "other", "cut"])
def test_what_is_none_of_ours_is_a_plain_error(files, tmp_path, kind):
    path = tmp_path / "x.h5"
    if kind == "other":
        with h5py.File(path, "w") as file:
            file["x"] = 3
    elif kind == "cut":
        path.write_bytes(files["phase"].read_bytes()[:5000])
    elif kind != "none":
        path.write_text("" if kind == "empty" else "my notes")
    words = {
        "none": "does not exist",
        "empty": "is empty",
        "text": "is not an HDF5 file",
        "other": "but not an output of scbsim",
        "cut": "is cut short",
    }
    with pytest.raises(OutputError, match=words[kind]):
        load(path)


@pytest.mark.parametrize("kind", ["phase", "boundary", "compare", "samples", "task"])
def test_a_file_that_is_damaged_is_loaded_or_named(files, tmp_path, kind):
    """Bits of numbers are not seen, of all else they are; nothing else is ever raised."""
    path, content, said = tmp_path / "x.h5", files[kind].read_bytes(), []
    for begin in range(64, len(content), len(content) // 12):
        path.write_bytes(content[:begin] + bytes(range(64)) + content[begin + 64 :])
        with suppress(OutputError, TaskError):
            load(path)
            said.append("loaded")
    assert len(said) < 12
