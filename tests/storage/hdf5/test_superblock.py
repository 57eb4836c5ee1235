"""The first bytes of HDF5 files."""

from __future__ import annotations

import h5py
import pytest

from scbsim.storage.hdf5.superblock import superblock
from scbsim.storage.hdf5.write import LIBVER, written


@pytest.fixture
def path(tmp_path):
    """A file that is finished."""
    path = tmp_path / "run.h5"
    with written(path, 0) as file:
        file.create_dataset("x", data=range(1000))
    return path


def test_a_finished_file(path):
    assert superblock(path) == (False, path.stat().st_size, True)


@pytest.mark.parametrize("swmr", [False, True])
def test_a_file_that_is_written(path, swmr):
    with h5py.File(path, "r+", libver=LIBVER) as file:
        if swmr:
            file.swmr_mode = True
        block = superblock(path)
        assert block.writing == swmr
        assert 0 < block.end <= path.stat().st_size
    assert not superblock(path).writing


@pytest.mark.parametrize("libver", ["earliest", ("v108", "v108")])
def test_other_versions_ask_for_nothing(libver, tmp_path):
    path = tmp_path / "old.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file["x"] = 1.0
    assert superblock(path) == (False, 0, True)


@pytest.mark.parametrize("content", [b"", b"\x03" * 100, b"HDF"])
def test_other_files_ask_for_nothing(content, tmp_path):
    path = tmp_path / "other"
    path.write_bytes(content)
    assert superblock(path) == (False, 0, True)
