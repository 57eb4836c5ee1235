"""How files of HDF5 are opened for writing, and how an error ends that."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import h5py

from scbsim.errors import RunFailed


def growing(path: Path) -> h5py.File:
    """Open a file to write what others may read as it grows.

    In single-writer mode from the first moment: `h5py.File` opens for a writer alone, and turns the
    mode on later; a file whose writer died in between can be read by no one. Without HDF5's own
    lock, by which a reader that holds the file open would keep us out; ours is held.
    """
    return _opened(path, h5py.h5f.ACC_RDWR | h5py.h5f.ACC_SWMR_WRITE)


def following(path: Path) -> h5py.File:
    """Open a file to read what another, or this process itself, writes meanwhile."""
    return _opened(path, h5py.h5f.ACC_RDONLY | h5py.h5f.ACC_SWMR_READ)


def _opened(path: Path, flags: int) -> h5py.File:
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    # HDF5 shares a file among all of a process who open it by one driver, and refuses those who ask
    # for other options. This driver is as the usual one, and no notebook has a file open by it.
    access.set_fapl_log(b"", 0, 0)
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    access.set_file_locking(False, False)
    return h5py.File(h5py.h5f.open(os.fsencode(path), flags, access))


@contextmanager
def failing_plainly(path: Path) -> Iterator[None]:
    """Turn an error of the system or of HDF5 into :class:`RunFailed`, with what to do."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise RunFailed(
            f"{path} could not be written ({reason(error)}): what was committed is whole; once "
            "the cause is mended, run the same line with --resume"
        ) from error


@contextmanager
def failing_whole(path: Path, file: h5py.File) -> Iterator[None]:
    """Turn an error of HDF5 into :class:`RunFailed`, and let nothing more reach the file.

    After an error HDF5 goes on to write what it has in memory, when objects are closed and when
    Python exits, and what was whole until then may not be afterwards. As it stands the file is
    like that of a writer that was killed, which loses nothing that was committed.
    """
    with failing_plainly(path):
        try:
            yield
        except (OSError, RuntimeError, RunFailed):
            if file.id.valid:
                nowhere = _nowhere()
                os.dup2(nowhere, file.id.get_vfd_handle())
                os.close(nowhere)
                # A file that stays open HDF5 takes for another one that gets its place on the disk.
                with suppress(OSError, RuntimeError):
                    file.close()
            raise


def _nowhere() -> int:
    """Return a descriptor that takes what is written, and any length where the system can."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("nowhere")
    return os.open(os.devnull, os.O_RDWR)


def reason(error: Exception) -> str:
    """Return what the system said, of all that HDF5 tells."""
    said = re.search(r"error message = '([^']+)'", str(error))
    return said[1] if said else str(error)
