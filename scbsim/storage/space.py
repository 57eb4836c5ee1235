"""Room on the disk, and what is on it for certain."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, getrlimit

from scbsim.errors import RunFailed

_KEEP_SIZE = 1
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def make_room(path: Path, needed: int) -> None:
    """See to it that a file can grow, before HDF5 is told to let it.

    HDF5 does not survive a write that fails: it crashes when the file is closed, or when Python
    exits. So the room is set aside first, where the system can do that.

    Raises
    ------
    RunFailed
        If there is not so much.
    """
    require_room(path, needed)
    reserve(path, needed)


def reserve(path: Path, needed: int) -> None:
    """Set room aside beyond the end of a file; it is not longer for that. A quota counts, too."""
    handle = os.open(path, os.O_RDWR)
    try:
        refused = _reserve(handle, os.fstat(handle).st_size, needed)
    finally:
        os.close(handle)
    if refused in _NO_ROOM:
        raise RunFailed(
            f"{path} needs {needed / 1e6:.3g} MB more ({os.strerror(refused)}): "
            "what was committed is whole; make room, then run the same line with --resume"
        )


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


def give_back(path: Path) -> None:
    """Let go of what was set aside and not needed."""
    os.truncate(path, path.stat().st_size)


def require_room(path: Path, needed: int) -> None:
    """Refuse to begin a write that the disk has no room for.

    Raises
    ------
    RunFailed
        With what is needed, what there is, and what to do.
    """
    there = shutil.disk_usage(path.parent).free
    if there < needed:
        raise RunFailed(
            f"{path} needs {needed / 1e6:.3g} MB more, and its disk has {there / 1e6:.3g} MB: "
            "what was committed is whole; make room, then run the same line with --resume"
        )


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
