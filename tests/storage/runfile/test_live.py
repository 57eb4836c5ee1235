"""A file can be read while it is written."""

from __future__ import annotations

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
import xarray as xr
from scbsim_testing.small_runs import assert_same, rows, run_spec

from scbsim import Task, load, simulate
from scbsim.spec import TaskSpec
from scbsim.storage.description import describe

SEEN_BY_ANOTHER = """
import sys, h5py, numpy as np
with h5py.File(sys.argv[1], "r", swmr=True) as file:
    group = file["trajectory"]
    n = int(group["n_committed"][()])
    np.save(sys.argv[2], group["alpha_A"][:n])
import xarray as xr
way = {"group": "trajectory", "engine": "h5netcdf", "driver_kwds": {"swmr": True}}
with xr.open_dataset(sys.argv[1], **way) as opened:
    assert opened.sizes["step"] >= n
    assert (opened["alpha_A"].values[:n] == np.load(sys.argv[2])).all()
"""

FOLLOW = """
import sys
from scbsim_testing.small_runs import rows
import h5py
import numpy as np
from scbsim import load
counts, status = [-1], "running"
print("ready", flush=True)
while status == "running":
    try:
        run = load(sys.argv[1])
    except Exception as error:
        if counts != [-1]:
            raise
        continue
    status = run.attrs["status"]
    assert run["step"].values.tolist() == list(range(run.sizes["step"]))
    assert np.isfinite(rows(run)).all() and (run["loss"] > 0).all()
    assert run.sizes["step"] >= counts[-1]
    counts.append(run.sizes["step"])
print(status, len(set(counts)), counts[-1], run.sizes["normalization"], run.sizes["stage_index"])
"""


@pytest.fixture
def process():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    def start(code, *words):
        line = [sys.executable, "-c", code, *map(str, words)]
        return subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, text=True)

    return start


def test_from_the_process_that_writes_it(flush_always, tmp_path):
    path = tmp_path / "run.h5"
    found = []

    def look():
        found.append((load(path), describe(path)["status"]))
        as_the_writer = {"swmr": True, "locking": False}
        with xr.open_dataset(
            path, group="trajectory", engine="h5netcdf", driver_kwds=as_the_writer
        ) as opened:
            assert opened.sizes["step"] == found[-1][0].sizes["step"]

    full = simulate(run_spec(steps=30), output=path, stop=look)
    assert len(found) > 2
    for run, status in found:
        assert run.attrs["status"] == status == "running"
        np.testing.assert_array_equal(rows(run), rows(full)[: run.sizes["step"]])
        assert run.sizes["normalization"] == run.sizes["stage_index"] == 0
    lengths = [run.sizes["step"] for run, _ in found]
    assert lengths == sorted(lengths)
    assert lengths[0] == 1
    assert_same(load(path), full)


def test_from_another_process_with_h5py(flush_always, tmp_path, process):
    path, seen = tmp_path / "run.h5", tmp_path / "seen.npy"

    def look():
        if load(path).sizes["step"] > 5 and not seen.exists():
            assert process(SEEN_BY_ANOTHER, path, seen).wait() == 0

    full = simulate(run_spec(steps=100), output=path, stop=look)
    found = np.load(seen)
    assert 5 < len(found) < 101
    np.testing.assert_array_equal(found, full["alpha_A"].values[: len(found)])


@pytest.mark.slow
def test_by_someone_who_never_stops_reading(flush_always, tmp_path, process, monkeypatch):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 20)
    path = tmp_path / "run.h5"
    reader = process(FOLLOW, path)
    assert reader.stdout.readline() == "ready\n"
    stages = [{"steps": 5000, "normalize_level": 0.1}, {"steps": 5000}]
    simulate(run_spec("dynamics.engine=population", stages=stages), output=path)
    said, _ = reader.communicate(timeout=60)
    assert reader.returncode == 0
    status, lengths, last, normalized, ended = said.split()
    assert (status, last, normalized, ended) == ("complete", "10001", "2", "2")
    assert int(lengths) > 3


def test_a_reader_in_the_same_process_outlives_the_run(flush_always, tmp_path):
    """What it holds open goes on to be the file, and the file is finished all the same."""
    path, spec, held = tmp_path / "run.h5", run_spec(steps=300), []

    def stop():
        if not held:
            held.append(h5py.File(path, "r", swmr=True, locking=False))
        return False

    done = simulate(spec, output=path, stop=stop)
    with held[0] as file:
        assert file["trajectory/loss"][:].tobytes() == done["loss"].values.tobytes()
    assert_same(load(path), done)
    with h5py.File(path, "r+", locking=False) as file:
        assert int(file["trajectory/status"][()]) == 1


def test_the_task_of_a_run_that_is_being_written(tmp_path):
    path, found = tmp_path / "run.h5", []

    def stop():
        found.append(Task.from_spec(TaskSpec(from_=str(path))))
        return True

    simulate(run_spec(), output=path, stop=stop)
    assert found[0].mu.tobytes() == Task.from_spec(TaskSpec(from_=str(path))).mu.tobytes()
