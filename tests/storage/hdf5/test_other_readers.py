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
from scbsim_testing.small_runs import run_spec
from scipy.sparse import csc_array

from scbsim import load, matrices, simulate
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
    assert len(BLOCKS) == 5


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_block_of_the_page_runs(block, folder, monkeypatch):
    monkeypatch.chdir(folder)
    # A page is read from its top: what one block imports is there in the next.
    exec("import xarray as xr\n" + block, {})


def test_entries_of_a_sparse_run_by_h5py_and_scipy(folder):
    with h5py.File(folder / "sparse.h5") as file:
        states, shape = file["snapshots"], (file["task"].attrs["T"], file["task"].attrs["N"])
        indptr = states["indptr"][-1]
        here = slice(indptr[0], indptr[-1])
        s = csc_array((states["data"][here], states["indices"][here], indptr - indptr[0]), shape)
        intercept = states["intercept"][-1]
    np.testing.assert_allclose(s.sum(axis=0) + shape[0] * intercept, 1.0, atol=1e-12)
    found = matrices(folder / "sparse.h5", 100)
    np.testing.assert_array_equal(found.A.toarray(), s.toarray())
    np.testing.assert_allclose(found.intercept, intercept, rtol=1e-12, atol=1e-18)


def test_both_matrices_in_full_by_h5py(path):
    with h5py.File(path) as file:
        mu, positions = file["task/mu"][:], file["task/q_positions"][:]
        T = file["task"].attrs["T"]
        s = file["final/bulk"][0].astype(float)
        np.put_along_axis(s, positions, file["final/support"][0], axis=1)
        W, mean = file["final/W"][0], file["final/mean"][0]
    A = s.T + (1 - s.sum(axis=1)) / T
    V = W / np.sqrt(mu) + mean[:, None]
    found = matrices(path)
    np.testing.assert_allclose(found.dense(), A, rtol=1e-12, atol=1e-18)
    np.testing.assert_array_equal(found.V, V)
    np.testing.assert_allclose(A.sum(axis=0), 1.0, atol=1e-12)
    np.testing.assert_allclose(V.sum(axis=0), 1.0, atol=1e-12)
