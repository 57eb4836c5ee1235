"""Room on the disk, and what is on it for certain."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, getrlimit

LEAST_ROOM = 2**20
"""Bytes that have to be free for anything to be written."""

_KEEP_SIZE = 1
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def make_room(path: Path, handle: int, needed: int) -> None:
    """See to it that an open file can grow, before HDF5 is told to let it.

    An error in the middle of HDF5 costs all that it has in memory. So the room is set aside first,
    where the system can do that.

    Raises
    ------
    OSError
        If there is not so much.
    """
    require_room(path, needed)
    reserve(handle, needed)


def reserve(handle: int, needed: int) -> None:
    """Set room aside beyond the end of a file; it is not longer for that. A quota counts, too.

    Raises
    ------
    OSError
        If there is not so much.
    """
    refused = _reserve(handle, os.fstat(handle).st_size, needed)
    if refused in _NO_ROOM:
        words = f"{needed / 1e6:.3g} MB more are needed: {os.strerror(refused)}"
        raise OSError(refused, words)


def _reserve(handle: int, end: int, needed: int) -> int:
    """Return the number of the system's error, or 0."""
    longest, _ = getrlimit(RLIMIT_FSIZE)
    # The system itself asks for this limit when the file grows, not when room is set aside.
    if longest != RLIM_INFINITY and end + needed > longest:
        return errno.EFBIG
    allocate = getattr(ctypes.CDLL(None, use_errno=True), "fallocate", None)
    if allocate and allocate(handle, _KEEP_SIZE, ctypes.c_int64(end), ctypes.c_int64(needed)):
        return ctypes.get_errno()
    return 0


def require_room(path: Path, needed: int) -> None:
    """Refuse to begin a write that the disk has no room for.

    Raises
    ------
    OSError
        With what is needed, and what there is.
    """
    there = shutil.disk_usage(path.parent).free
    if there < needed:
        words = f"{needed / 1e6:.3g} MB more are needed, and its disk has {there / 1e6:.3g} MB"
        raise OSError(errno.ENOSPC, words)


def reason(error: Exception) -> str:
    """Return what the system said, of all that an error of its or of HDF5 tells."""
    said = re.search(r"error message = '([^']+)'", str(error))
    return said[1] if said else str(getattr(error, "strerror", None) or error)


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
