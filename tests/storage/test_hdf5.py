"""An error while a file is written: nothing more reaches it, and it does not stay open."""

import h5py
import numpy as np
import pytest

from scbsim.errors import RunFailed
from scbsim.storage.hdf5 import failing_whole


def write_in_vain(path, file):
    with failing_whole(path, file):
        file.attrs["more"] = 7
        raise OSError("no room")


def test_nothing_reaches_a_file_after_an_error_and_it_is_closed(tmp_path):
    path = tmp_path / "run.h5"
    file = h5py.File(path, "x")
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
