"""Writing HDF5 files so that a failed write does not crash the process.

HDF5 survives a write that fails, but not one that fails while it closes an object: it closes that
object again when Python exits, and crashes. So nothing is closed while a file is written, and
closing writes nothing.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py

from scbsim.errors import RunFailed
from scbsim.storage.hdf5.superblock import finish
from scbsim.util.arguments import switch
from scbsim.util.disk_space import make_room, reason

LIBVER = ("v110", "v110")
"""Bounds on the HDF5 format: all current versions read it, and it allows reading while writing."""


class WrittenFile(h5py.File):  # type: ignore[misc]  # h5py has no types
    """A file open for writing. Parameters as :class:`h5py.File`.

    All datasets stay open until the file is closed, and metadata is written only by a flush. So
    only writes and flushes can fail. ``handle`` is the file descriptor.
    """

    def __init__(self, *name: Any, **options: Any) -> None:
        super().__init__(*name, **options)
        self.handle = int(self.id.get_vfd_handle())
        self._held: list[Any] = []
        self.visititems(lambda _name, node: self._held.append(node))
        config = self.id.get_mdc_config()
        config.evictions_enabled = False
        # HDF5 requires these to be off then.
        config.incr_mode = config.decr_mode = config.flash_incr_mode = 0
        self.id.set_mdc_config(config)

    def create_dataset(self, *args: Any, **options: Any) -> h5py.Dataset:
        """Create a dataset, as h5py does, and keep it open."""
        return self._hold(super().create_dataset(*args, **options))

    def create_virtual_dataset(self, *args: Any, **options: Any) -> h5py.Dataset:
        """Create a virtual dataset, as h5py does, and keep it open."""
        return self._hold(super().create_virtual_dataset(*args, **options))

    def _hold(self, data: h5py.Dataset) -> h5py.Dataset:
        self._held.append(data)
        return data

    def finish(self) -> None:
        """Flush, close and fsync the file.

        The last write of HDF5, to the superblock, is done by :func:`superblock.finish` instead.
        """
        self.flush()
        own = os.dup(self.handle)
        try:
            if h5py.h5f.get_obj_count(self.id, h5py.h5f.OBJ_FILE) > 1:
                # This process also reads it by the same descriptor: HDF5 does not close that yet.
                super().close()
            else:
                self.close()
            finish(own)
        except ValueError as error:
            raise OSError(str(error)) from None
        finally:
            os.close(own)

    def close(self) -> None:
        """Close the file; what was not flushed is lost."""
        if not self.id.valid:
            return
        sink = _sink()
        os.dup2(sink, self.handle)
        os.close(sink)
        # HDF5 would confuse a file left open with a later file of the same inode.
        with suppress(OSError, RuntimeError):
            super().close()
        self._held = []


class GrowingFile(WrittenFile):
    """An existing file, opened for writing while others may read it.

    It is in single-writer mode from the start. `h5py.File` can only switch the mode on later, and a
    file whose writer died before that is unreadable. HDF5's own lock is not used, since a reader
    that holds the file open would block the writer; :class:`WriterLock` replaces it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(_opened(path, h5py.h5f.ACC_RDWR | h5py.h5f.ACC_SWMR_WRITE))
        self._path = path
        self._least = 0

    def check(self) -> None:
        """Raise RunFailed if another program removed, replaced or truncated the file."""
        here = os.fstat(self.handle)
        try:
            same = os.path.samestat(here, os.stat(self._path))
        except FileNotFoundError:
            raise RunFailed(_gone(self._path, "removed or moved")) from None
        if not same:
            raise RunFailed(_gone(self._path, "replaced by another file"))
        if here.st_size < self._least:
            raise RunFailed(_gone(self._path, "cut short"))
        self._least = here.st_size


def opened_swmr(path: Path) -> h5py.File:
    """Open a file for reading while another program, or this process, writes it."""
    return h5py.File(_opened(path, h5py.h5f.ACC_RDONLY | h5py.h5f.ACC_SWMR_READ))


def _opened(path: Path, flags: int) -> h5py.h5f.FileID:
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    # HDF5 shares an open file within a process per driver, and refuses to open it with other
    # options. This driver works as the default one, but no other code opens files with it.
    access.set_fapl_log(b"", 0, 0)
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    access.set_file_locking(False, False)
    return h5py.h5f.open(os.fsencode(path), flags, access)


def _gone(path: Path, what: str) -> str:
    return (
        f"{path} was {what} while it was being written: the run ends here, and what is at that "
        "path now is left as it is"
    )


@contextmanager
def written(path: str | Path, room: int, mode: str = "w") -> Iterator[WrittenFile]:
    """Write a file that no process reads before it is complete.

    Datasets must be created by the file itself, not by its groups.

    Parameters
    ----------
    path : path
    room : int
        Bytes of disk space to reserve first.
    mode : {"w", "r+"}
        Create the file, or change it.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    file = WrittenFile(path, mode, libver=LIBVER, locking=False)
    try:
        make_room(Path(path), file.handle, room)
        yield file
        file.finish()
    except RuntimeError as error:
        # h5py raises this if a flush fails.
        raise OSError(errno.EIO, reason(error)) from error
    finally:
        file.close()


@contextmanager
def raising_run_failed(path: Path) -> Iterator[None]:
    """Turn an error of the system or of HDF5 into :class:`RunFailed`, which says what to do."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise RunFailed(
            f"{path} could not be written ({reason(error)}): what was committed is intact; once "
            f"the cause is fixed, run the same again with {switch('resume')}"
        ) from error


@contextmanager
def closing_on_failure(path: Path, file: WrittenFile) -> Iterator[None]:
    """As :func:`raising_run_failed`, and on an error write nothing more to the file.

    The file is then like that of a killed writer, in which all committed data is intact.
    """
    with raising_run_failed(path):
        try:
            yield
        except (OSError, RuntimeError, RunFailed):
            file.close()
            raise


def _sink() -> int:
    """Return a descriptor of an anonymous file, to which anything can be written."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("sink")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
