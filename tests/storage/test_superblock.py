"""The first bytes of HDF5 files."""

from __future__ import annotations

import h5py
import pytest

from scbsim.storage.superblock import superblock


def test_a_finished_file(done):
    assert superblock(done) == (False, done.stat().st_size, True)


@pytest.mark.parametrize("swmr", [False, True])
def test_a_file_that_is_written(copy, swmr):
    with h5py.File(copy, "r+", libver=("v110", "v110")) as file:
        if swmr:
            file.swmr_mode = True
        block = superblock(copy)
        assert block.writing == swmr
        assert 0 < block.end <= copy.stat().st_size
    assert not superblock(copy).writing


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
