"""The names and types of schema 1: what other people's scripts rely on."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

import h5py
import numpy as np
import pytest
import xarray as xr
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import RunSpec, Task, __version__, load, simulate
from scbsim.observables import NAMES, OBSERVABLES
from scbsim.storage.hdf5.attributes import text


@pytest.fixture
def file(done):
    with h5py.File(done) as file:
        yield file


def test_the_file_says_what_it_is(file, spec):
    assert text(file.attrs, "format") == "scbsim"
    assert text(file.attrs, "schema_version") == "1.0"
    assert text(file.attrs, "code_version") == __version__
    assert uuid.UUID(text(file.attrs, "run_uuid")).version == 4
    created = datetime.fromisoformat(text(file.attrs, "created_utc"))
    assert created.utcoffset().total_seconds() == 0.0
    assert RunSpec.from_json(file.attrs["spec"]) == spec
    said = json.loads(file.attrs["provenance"])
    assert {"python", "numpy", "numba", "h5py", "hdf5", "cpu", "platform"} <= said.keys()
    assert (said["engine"], said["threads"]) == ("dense", 1)
    assert said["engine_why"]
    groups = {name for name, node in file.items() if isinstance(node, h5py.Group)}
    assert groups == {"trajectory", "task", "stages", "normalized", "final"}


def test_a_spec_with_inf_comes_back(tmp_path):
    spec = run_spec("task.q_concentration=inf", steps=1)
    simulate(spec, output=tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5") as file:
        assert RunSpec.from_json(file.attrs["spec"]) == spec


def test_the_columns(file):
    group = file["trajectory"]
    assert set(group) == {"step", "stage", *NAMES, "n_committed", "status"}
    n = len(group["step"])
    for name in ("step", "stage", *NAMES):
        column = group[name]
        assert column.dtype == (np.int64 if name in ("step", "stage") else np.float64)
        assert (column.shape, column.maxshape) == ((n,), (None,))
        assert column.compression is None
        assert column.attrs["long_name"]
        if name != "step":
            assert column.dims[0]["step"] == group["step"]
    for o in OBSERVABLES:
        assert np.isnan(group[o.name].fillvalue)
        assert (text(group[o.name].attrs, "long_name"), text(group[o.name].attrs, "units")) == (
            o.long_name,
            "1",
        )
    assert group["step"].is_scale
    for name, value in [("n_committed", n), ("status", 1)]:
        assert (group[name].shape, group[name].dtype) == ((), np.int64)
        assert group[name][()] == value


@pytest.mark.parametrize(
    ("steps", "every", "chunk"),
    [(1, 1, 16), (50, 1, 52), (50, 2, 27), (10**6, 1, 16384), (10**12, 10**9, 1002)],
)
def test_chunks_are_of_the_rows_expected(steps, every, chunk, tmp_path):
    path = tmp_path / "run.h5"
    simulate(run_spec(f"output.every={every}", steps=steps), output=path, stop=lambda: True)
    with h5py.File(path) as file:
        for name in ("step", "stage", *NAMES):
            assert file["trajectory"][name].chunks == (chunk,)


def test_the_task_is_in_it(file, spec):
    task = Task.from_spec(spec.task)
    group = file["task"]
    for name in ("mu", "P", "q_positions", "q_weights"):
        np.testing.assert_array_equal(group[name][()], getattr(task, name))
    for name in ("N", "T", "Q", "K_P", "K_Q"):
        assert group.attrs[name] == getattr(task, name)


def test_a_run_can_take_its_task_from_another_s_file(done, spec):
    again = spec.to_dict() | {"task": {"from": str(done)}}
    assert_same(simulate(RunSpec.from_dict(again)), load(done))


def test_the_small_tables(file):
    last = int(file["trajectory/step"][-1])
    stages = file["stages"]
    assert set(stages) == {"stage", "end_step", "reason"}
    assert stages["stage"][:].tolist() == [0, 1]
    assert stages["end_step"][:].tolist() == [last - 9, last]
    reasons = json.loads(stages.attrs["reasons"])
    assert [reasons[i] for i in stages["reason"][:]] == ["signal", "steps"]
    normalized = file["normalized"]
    assert set(normalized) == {"step", "stage", "count", *NAMES}
    assert normalized["step"][:].tolist() == [last - 9, last]
    assert normalized["stage"][:].tolist() == [0, 1]
    for name in NAMES:
        assert np.isfinite(normalized[name][:]).all()


def test_it_opens_with_xarray(done):
    with xr.open_dataset(done, group="trajectory", engine="h5netcdf") as opened:
        found = opened.load()
    run = load(done)
    assert dict(found.sizes) == {"step": run.sizes["step"]}
    xr.testing.assert_equal(found[["stage", *NAMES]], run[["stage", *NAMES]])
    assert (int(found["n_committed"]), int(found["status"])) == (run.sizes["step"], 1)


def test_it_is_of_a_format_that_every_hdf5_reads(done):
    """Superblock 3, of HDF5 1.10."""
    assert done.read_bytes()[8] == 3
