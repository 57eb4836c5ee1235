"""What ``load`` gives of a file of all runs of a sweep, and says of one that is not whole."""

import os
import shutil
import subprocess
import sys
from contextlib import chdir

import h5py
import pytest
import xarray as xr
from scbsim_testing.small_sweeps import ended_here, ran

from scbsim import load
from scbsim.errors import MemoryNeeded, OutputError
from scbsim.storage import collection
from scbsim.storage.hdf5.attributes import put_text
from scbsim.sweep.collect import MOST_LINKED, collect

TABLES = {
    "one": ('product = {"seed" = "0:4"}', {}),
    "zip": ('zip = {"seed" = [3, 4], "init.alpha_A" = [0.1, 0.2]}', {}),
    "words": ('product = {"dynamics.precision" = ["float32", "float64"]}', {}),
    "shorter": ('product = {"stage.0.steps" = [10, 30]}', {}),
    "rows": ('product = {"output.every" = [7, 10]}', {"steps": 30}),
    "replicas": ('product = {"dynamics.replicas" = [1, 3], "seed" = [0, 1]}', {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize(("table", "changes"), TABLES.values(), ids=TABLES)
def test_it_is_what_xarray_gives_of_a_copy(tmp_path, table, changes, link):
    folder = ran(tmp_path, table, **changes)
    collect(folder, tmp_path / "copy.h5")
    collect(folder, tmp_path / "all.h5", link=link)
    with xr.open_dataset(tmp_path / "copy.h5", engine="h5netcdf") as expected:
        xr.testing.assert_identical(load(tmp_path / "all.h5"), expected.load())


def test_runs_that_were_left_out_are_nan_in_both(tmp_path):
    folder = ran(tmp_path, 'product = {"seed" = "0:3"}', but=[1])
    for link in (False, True):
        collect(folder, tmp_path / "all.h5", link=link, partial=True, overwrite=True)
        found = load(tmp_path / "all.h5")
        assert found["alpha_A"].isnull().all("step").values.tolist() == [False, True, False]
        assert found["rows"].values.tolist() == [21, 0, 21]


@pytest.fixture
def view(tmp_path):
    """A view of three runs, in the folder above theirs."""
    folder = ran(tmp_path, 'product = {"seed" = "0:3"}')
    collect(folder, tmp_path / "all.h5", link=True)
    return tmp_path / "all.h5"


def gone(tmp_path):
    (tmp_path / "d/seed=1/run.h5").unlink()
    return r"d/seed=1/run\.h5 does not exist"


def moved(tmp_path):
    shutil.move(tmp_path / "d", tmp_path / "e")
    return r"3 of them cannot be read: .*d/seed=0/run\.h5 does not exist"


def another(tmp_path):
    shutil.copyfile(tmp_path / "d/seed=2/run.h5", tmp_path / "d/seed=1/run.h5")
    return r"d/seed=1/run\.h5 is another run than the one that was collected"


def cut(tmp_path):
    os.truncate(tmp_path / "d/seed=1/run.h5", 5000)
    return r"d/seed=1/run\.h5 is cut short"


def junk(tmp_path):
    (tmp_path / "d/seed=1/run.h5").write_bytes(b"junk")
    return r"d/seed=1/run\.h5 is not an HDF5 file"


def fewer_rows(tmp_path):
    with h5py.File(tmp_path / "d/seed=1/run.h5", "r+") as file:
        file["trajectory/n_committed"][()] = 20
    return r"d/seed=1/run\.h5 has 20 rows, and 21 were collected"


def without_a_column(tmp_path):
    with h5py.File(tmp_path / "d/seed=1/run.h5", "r+") as file:
        del file["trajectory/loss"]
    return r"d/seed=1/run\.h5 cannot be read"


@pytest.mark.parametrize("change", [gone, moved, another, cut, junk, fewer_rows, without_a_column])
def test_a_view_of_what_is_not_there_any_more_is_refused_by_name(tmp_path, view, change):
    said = change(tmp_path)
    with pytest.raises(OutputError, match=said):
        load(view)


def test_a_view_is_read_from_any_folder(tmp_path, view):
    expected = load(view)
    (tmp_path / "elsewhere").mkdir()
    with chdir(tmp_path / "elsewhere"):
        xr.testing.assert_identical(load("../all.h5"), expected)


READ = """
import resource, sys
import numpy, xarray, h5netcdf, scbsim
from scbsim.observables import NAMES
path, most = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
if sys.argv[3] == "scbsim":
    found = scbsim.load(path)
else:
    found = xarray.open_dataset(path, engine="h5netcdf").load()
print(int(sum(numpy.isnan(found[name]).sum() for name in NAMES)))
"""


def holes(path, most, reader):
    """Return how many numbers are NaN for a reader that may have so many files open."""
    line = [sys.executable, "-c", READ, str(path), str(most), reader]
    return int(subprocess.run(line, capture_output=True, text=True, check=True).stdout)


@pytest.mark.slow
def test_beyond_the_limit_of_open_files_a_view_is_whole_and_xarray_has_its_margin(tmp_path):
    n = 60
    folder = ran(tmp_path, f'product = {{"seed" = "0:{n}"}}')
    collect(folder, tmp_path / "all.h5", link=True)
    # So many files a process may usually have open.
    margin = 1024 - MOST_LINKED
    assert margin >= 200
    assert holes(tmp_path / "all.h5", n - 10, "xarray") > 0
    assert holes(tmp_path / "all.h5", n - 10, "scbsim") == 0
    assert holes(tmp_path / "all.h5", n + margin, "xarray") == 0


def test_what_does_not_fit_into_memory_is_refused(view, monkeypatch):
    monkeypatch.setattr("scbsim.util.memory.available", lambda: 100)
    monkeypatch.setattr("scbsim.util.memory._ALWAYS_FITS", 0)
    with pytest.raises(MemoryNeeded, match="open it with xarray"):
        load(view)


def test_files_of_the_first_schema_are_read(tmp_path, view):
    expected = load(view)
    with h5py.File(view, "r+") as file:
        del file["run_uuid"], file["rows"]
        put_text(file.attrs, schema_version="1.0")
    older = expected.drop_vars(["run_uuid", "rows"]).assign_attrs(schema_version="1.0")
    xr.testing.assert_identical(load(view), older)
    gone(tmp_path)
    with pytest.raises(OutputError, match="does not exist"):
        load(view)


def test_what_a_collection_is_can_be_asked(tmp_path, view):
    table = 'product = {"dynamics.precision" = ["float32", "float64"], "seed" = "0:3"}'
    (tmp_path / "two").mkdir()
    folder = ran(tmp_path / "two", table, but=[4])
    collect(folder, tmp_path / "copy.h5", partial=True)
    found = collection.describe(tmp_path / "copy.h5")
    assert (found["kind"], found["runs"]) == ("copy", 6)
    assert found["run_status"] == {"complete": 5, "missing": 1}
    assert found["dimensions"] == {
        "dynamics.precision": {"size": 2, "first": "float32", "last": "float64"},
        "seed": {"size": 3, "first": 0, "last": 2},
        "step": {"size": 21, "first": 0, "last": 20},
    }
    gone(tmp_path)
    found = collection.describe(view)
    assert (found["kind"], found["files_gone"]) == ("view", ["d/seed=1/run.h5"])


@pytest.mark.slow
def test_commands_say_what_it_is(tmp_path, view):
    gone(tmp_path)
    code, said = ended_here("info", "all.h5", cwd=tmp_path)
    assert code == 0
    for words in (
        "a view of the files of all runs",
        "3: 3 complete",
        "1 file, the first d/seed=1",
    ):
        assert words in said
    code, said = ended_here("info", "all.h5", "--json", cwd=tmp_path)
    assert (code, '"runs": 3' in said) == (0, True)
    code, said = ended_here("watch", "all.h5", cwd=tmp_path)
    assert code == 2
    assert "has all runs of a sweep, and the output of one run is wanted" in said
    # A plot draws them all, and so needs the file that is gone.
    code, said = ended_here("plot", "all.h5", cwd=tmp_path)
    assert code == 2
    assert "is a view of the files of 3 runs, and 1 of them cannot be read" in said
