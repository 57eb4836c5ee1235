"""What docs/files.md says of files, and reading them without scbsim."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from scbsim_testing.needs import lacking, needed
from scbsim_testing.small_runs import rows, run_spec

from scbsim import Task, load, simulate
from scbsim.observables import NAMES, STATUS

PAGE = Path(__file__).parents[3] / "docs" / "files.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S) if PAGE.exists() else []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    spec = run_spec("output.snapshot_every=50", "dynamics.precision=float64", steps=120)
    simulate(spec, output=folder / "run.h5")
    words = ("dynamics.engine=sparse", "output.snapshot_every=50")
    simulate(run_spec(*words, steps=100), output=folder / "sparse.h5")
    simulate(run_spec("dynamics.replicas=3"), output=folder / "ensemble.h5")
    return folder


@pytest.fixture(scope="module")
def path(folder):
    return folder / "run.h5"


def test_h5py(path):
    run = load(path)
    with h5py.File(path) as file:
        n = file["trajectory/n_committed"][()]
        for name in (*NAMES, "step", "stage"):
            np.testing.assert_array_equal(file["trajectory"][name][:n], run[name])
        assert STATUS[int(file["trajectory/status"][()])] == "complete"


def test_xarray(path):
    run = load(path)
    with xr.open_dataset(path, group="trajectory", engine="h5netcdf") as opened:
        assert int(opened["n_committed"]) == opened.sizes["step"] == 121
        for name in NAMES:
            np.testing.assert_array_equal(opened[name], run[name])
            assert opened[name].attrs == run[name].attrs
        np.testing.assert_array_equal(opened["step"], run["step"])
    with xr.open_dataset(path, engine="h5netcdf") as opened:
        assert opened.attrs["format"] == "scbsim"
        assert opened.attrs["spec"] == run.attrs["spec"]


def test_netcdf4(path):
    netcdf = needed("netCDF4")
    with netcdf.Dataset(path) as file:
        assert file.format_version if hasattr(file, "format_version") else True
        assert str(file.getncattr("format")) == "scbsim"
        np.testing.assert_array_equal(file["trajectory/loss"][:], load(path)["loss"])


@pytest.mark.parametrize("tool", ["h5dump", "ncdump"])
def test_command_line_tools(path, tool):
    try:
        done = subprocess.run([tool, "-h" if tool == "ncdump" else "-H", path], capture_output=True)
    except FileNotFoundError:
        lacking(f"there is no {tool}")
    assert done.returncode == 0
    assert b"alpha_A" in done.stdout


def test_there_are_blocks():
    assert len(BLOCKS) == 6


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_block_of_the_page_runs(block, folder, monkeypatch):
    monkeypatch.chdir(folder)
    given = {}
    # A page is read from its top: what one block imports is there in the next.
    exec("import xarray as xr\n" + block, given)
    run = load("run.h5")
    if "s" in given and "A" not in given:
        assert given["s"].shape == (run.attrs["T"], run.attrs["N"])
        column_sums = np.asarray(given["s"].sum(axis=0)) + run.attrs["T"] * given["intercept"]
        np.testing.assert_allclose(column_sums, 1.0, atol=1e-12)
    if "A" not in given:
        return
    A, V = given["A"], given["V"]
    with h5py.File("run.h5") as file:
        task = file["task"]
        given = {name: task[name][()] for name in ("mu", "P", "q_positions", "q_weights")}
    task = Task.from_arrays(**given, T=run.attrs["T"])
    Q = np.zeros_like(A)
    np.put_along_axis(Q, task.q_positions.T, task.q_weights.T, axis=0)
    mu = task.mu
    last = dict(zip(NAMES, rows(run)[-1], strict=True))
    np.testing.assert_allclose((mu * (A - Q) ** 2).sum() ** 0.5, last["dist_A"], rtol=1e-12)
    np.testing.assert_allclose((mu * (V - task.P) ** 2).sum() ** 0.5, last["dist_V"], rtol=1e-12)
    np.testing.assert_allclose(A.sum(axis=0), 1.0, atol=1e-12)
    np.testing.assert_allclose(V.sum(axis=0), 1.0, atol=1e-12)


def test_every_name_in_a_file_is_on_the_page(path):
    page = PAGE.read_text()
    with h5py.File(path) as file:
        names = set(file.attrs) | set(file) | set(file["task"].attrs) | set(file["stages"].attrs)
        groups = [node for node in file.values() if isinstance(node, h5py.Group)]
        names |= {name for group in groups for name in group}
    assert [name for name in names if not re.search(rf"`/?{name}`", page)] == []
