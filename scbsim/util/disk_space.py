"""Reserving disk space, and syncing files to the disk."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, getrlimit

LEAST_ROOM = 2**20
"""Bytes that must be free before any write."""

_KEEP_SIZE = 1  # flag of fallocate


def make_room(path: Path, handle: int, needed: int) -> None:
    """Reserve space for an open file to grow by ``needed`` bytes, before HDF5 writes to it.

    A full disk in the middle of a write would cost all that HDF5 has in memory.

    Raises
    ------
    OSError
        If there is not enough space.
    """
    require_room(path, needed)
    reserve(handle, needed)


def reserve(handle: int, needed: int) -> None:
    """Reserve space beyond the end of a file, whose length stays. Quotas count.

    Raises
    ------
    OSError
        If there is not enough space.
    """
    end, code = os.fstat(handle).st_size, 0
    longest, _ = getrlimit(RLIMIT_FSIZE)
    allocate = getattr(ctypes.CDLL(None, use_errno=True), "fallocate", None)
    # The system checks this limit only when the file grows.
    if longest != RLIM_INFINITY and end + needed > longest:
        code = errno.EFBIG
    elif allocate and allocate(handle, _KEEP_SIZE, ctypes.c_int64(end), ctypes.c_int64(needed)):
        code = ctypes.get_errno()
    if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        raise OSError(code, f"{needed / 1e6:.3g} MB more are needed: {os.strerror(code)}")


def require_room(path: Path, needed: int) -> None:
    """Raise :class:`OSError` if the disk has less free space than ``needed`` bytes."""
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        words = f"{needed / 1e6:.3g} MB more are needed, and its disk has {free / 1e6:.3g} MB"
        raise OSError(errno.ENOSPC, words)


def reason(error: Exception) -> str:
    """Return the system's message of an error, which HDF5's messages contain."""
    found = re.search(r"error message = '([^']+)'", str(error))
    return found[1] if found else str(getattr(error, "strerror", None) or error)


def sync(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
