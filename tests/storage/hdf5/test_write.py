"""An error while a file is written: nothing more reaches it, and it does not stay open."""

import h5py
import numpy as np
import pytest

from scbsim.errors import RunFailed
from scbsim.storage.hdf5.write import LIBVER, WrittenFile, closing_on_failure, written


def write_in_vain(path, file):
    with closing_on_failure(path, file):
        file.attrs["more"] = 7
        raise OSError("no room")


def test_nothing_reaches_a_file_after_an_error_and_it_is_closed(tmp_path):
    path = tmp_path / "run.h5"
    file = WrittenFile(path, "x", libver=LIBVER)
    file["kept"] = np.arange(3)
    file.flush()
    before = path.read_bytes()
    with pytest.raises(RunFailed, match="no room"):
        write_in_vain(path, file)
    assert not file.id.valid
    assert path.read_bytes() == before
    # HDF5 knows open files by their place on the disk, which the next file may get.
    path.unlink()
    with h5py.File(path, "x") as other:
        assert list(other) == []


@pytest.mark.slow
def test_what_is_finished_is_as_hdf5_itself_would_leave_it(tmp_path):
    """With more metadata than HDF5 keeps in memory by itself, since nothing is read at the end."""
    ours, theirs = tmp_path / "ours.h5", tmp_path / "theirs.h5"

    def fill(file):
        grown = file.create_dataset("grown", (0,), "f8", maxshape=(None,), chunks=(1,))
        grown.attrs["of"] = "one"
        grown.resize((400_000,))
        grown[::7] = 1.0
        file.create_dataset("whole", data=np.arange(10**5))
        file.create_group("group").attrs["x"] = 3

    with written(ours, 0) as file:
        fill(file)
    with h5py.File(theirs, "w", libver=LIBVER) as file:
        fill(file)
    with h5py.File(ours) as left, h5py.File(theirs) as right:
        assert sorted(left) == sorted(right) == ["group", "grown", "whole"]
        assert left["grown"].attrs["of"] == "one"
        assert left["group"].attrs["x"] == 3
        for name in ("grown", "whole"):
            np.testing.assert_array_equal(left[name][()], right[name][()])
    # And it can be changed by any other program.
    with h5py.File(ours, "r+") as file:
        file["more"] = 1
