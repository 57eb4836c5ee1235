"""Files are read beside any other use of them, and a failed read is told from a damaged file."""

import errno
import os
from io import FileIO

import h5py
import numpy as np
import pytest

from scbsim.errors import OutputError, RunFailed
from scbsim.storage.hdf5.reading import Content, fail_if_unread, reading, system_fault

HANDLES = {
    "as h5py opens it": {},
    "without a lock": {"locking": False},
    "with swmr": {"swmr": True},
    "with swmr, without a lock": {"swmr": True, "locking": False},
    "in another format": {"libver": "latest"},
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "some.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file["group/x"] = np.arange(1000.0)
    return path


class FailingContent(Content):
    """Fails at one of its reads."""

    at, reads = 0, 0

    def readinto(self, buffer, /):
        self.reads += 1
        if self.reads == self.at:
            self.failed = OSError(errno.EIO, os.strerror(errno.EIO))
            raise self.failed
        return super().readinto(buffer)


@pytest.mark.parametrize("how", HANDLES)
def test_beside_a_handle_of_this_process(path, how):
    with h5py.File(path, "r", **HANDLES[how]) as held:
        with reading(path) as file:
            assert file["group/x"][-1] == 999.0
        assert held["group/x"][-1] == 999.0


def test_an_error_of_any_read_is_not_lost(path):
    """h5py makes a missing dataset, or nothing at all, of some of them."""

    def read(at):
        content = FailingContent(path)
        content.at = at
        with reading(path, content) as file:
            file.get("group/x")
            "x" in file["group"]  # noqa: B015
            file["group/x"][:]
        return content.reads

    reads = read(0)
    assert reads > 5
    for at in range(1, reads + 1):
        with pytest.raises(OSError, match="Input/output error") as caught:
            read(at)
        assert caught.value.errno == errno.EIO


class Parts(FileIO):
    """Gives less than it is asked for, as a file server may."""

    def readinto(self, buffer, /):
        return super().readinto(buffer[:7])


class ContentInParts(Content, Parts):
    """What reads by it must ask again."""


def test_a_read_that_comes_in_parts_is_whole(path):
    """HDF5 would take the rest for zeros."""
    with reading(path, ContentInParts(path)) as file:
        np.testing.assert_array_equal(file["group/x"][:], np.arange(1000.0))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EIO, "x"), "Input/output error"),
        (OSError(errno.ESTALE, "x"), os.strerror(errno.ESTALE)),
        (OSError(errno.EMFILE, "x"), "Too many open files"),
        (PermissionError(errno.EACCES, "x"), "Permission denied"),
        (MemoryError(), "there is not enough memory"),
        (OSError("Can't read data (memory allocation failed for raw data chunk)"), "there is not"),
        (RuntimeError("file read failed: errno = 5, error message = 'x'"), "Input/output error"),
        (OSError("Can't read data (fletcher32 filter: checksum error)"), None),
        (OSError(errno.EINVAL, "a seek to where a damaged file leads"), None),
        (KeyError("Unable to open object (wrong version)"), None),
        (ValueError("errno = 5 in a file's own words"), None),
    ],
)
def test_what_the_system_said(error, said):
    found = system_fault(error)
    assert found is None if said is None else found.startswith(said)


def test_which_error_it_becomes(path):
    with pytest.raises(OutputError, match="cannot be read: Permission denied"):
        fail_if_unread(path, PermissionError(errno.EACCES, "x"))
    with pytest.raises(RunFailed, match="cannot be read: Input/output error"):
        fail_if_unread(path, OSError(errno.EIO, "x"))
    fail_if_unread(path, OSError("Can't read data (fletcher32 filter: checksum error)"))


def test_a_size_that_only_damage_names_is_no_want_of_memory(path, monkeypatch):
    absurd = RuntimeError("Unable to check (memory allocation failed for on disk image buffer)")
    fail_if_unread(path, absurd)
    with pytest.raises(RunFailed, match="there is not enough memory"):
        fail_if_unread(path, MemoryError())

    def nothing_left(size):
        assert size == path.stat().st_size
        raise MemoryError

    monkeypatch.setattr("scbsim.storage.hdf5.reading.bytearray", nothing_left, raising=False)
    with pytest.raises(RunFailed, match="there is not enough memory"):
        fail_if_unread(path, absurd)
