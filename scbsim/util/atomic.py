"""Atomic writes: a file appears under its name only once it is complete.

A file is written beside its destination under a random temporary name, so that no link is followed
and no other file overwritten. The writer holds a lock on it while it lives. So temporary files that
a killed process left are recognised, and removed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from scbsim.util.disk_space import reason, reserve, sync


@contextmanager
def atomic_write(path: Path, *, replace: bool = True, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Write a file so that afterwards it is complete and on the disk, or unchanged.

    Parameters
    ----------
    replace : bool
        Whether an existing file is replaced.
    mode : int
        Permissions of a new file, before the umask.

    Yields
    ------
    file object
        To write to, directly or by the path in its ``name``. If the body raises, the destination
        stays as it was.

    Raises
    ------
    FileExistsError
        If the file exists at the end and is not to be replaced.
    OSError
        If the system fails, with the path as its ``filename``.
    """
    try:
        remove_stale(path)
        file = _open_temporary(path, mode)
        temporary = Path(file.name)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if replace:
                os.replace(temporary, path)
            else:
                rename_new(temporary, path)
            sync(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            with suppress(OSError):
                file.close()
    except OSError as error:
        raise OSError(error.errno or errno.EIO, reason(error), str(path)) from error


def _open_temporary(path: Path, mode: int) -> IO[bytes]:
    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, mode)

    while True:
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            file = open(temporary, "x+b", opener=opener)  # noqa: SIM115  (returned)
        except FileExistsError:
            continue
        # Without locks, on some file systems, files of killed writers stay.
        with suppress(OSError):
            # A shared lock, as HDF5 takes one too when it opens the file.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if temporary.exists():
            return file
        # Another process removed it as stale before it was locked.
        file.close()


def remove_stale(path: Path) -> None:
    """Remove temporary files of a path, and of files named after it, whose writers are dead."""
    name = re.compile(re.escape(path.name) + r"\.(.+\.)?[0-9a-f]{8}\.tmp")
    with suppress(OSError):
        for found in [each for each in os.listdir(path.parent) if name.fullmatch(each)]:
            with suppress(OSError):
                _remove_if_unlocked(path.parent / found)


def _remove_if_unlocked(temporary: Path) -> None:
    handle = os.open(temporary, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            temporary.unlink()
    finally:
        os.close(handle)


def rename_new(temporary: Path, path: Path) -> None:
    """Rename a file; raise :class:`FileExistsError` if the new name exists."""
    try:
        os.link(temporary, path)
        temporary.unlink()
    except FileExistsError:
        raise
    except OSError:
        # FAT and some network file systems have no hard links. There the run's own lock must do.
        if path.exists():
            raise FileExistsError(path) from None
        os.replace(temporary, path)


def unshare(path: Path) -> None:
    """Copy a file that has several hard links, so that writes in place leave the others unchanged.

    Such links are made by ``cp -al``, for example.
    """
    found = path.stat()
    if found.st_nlink == 1:
        return
    with atomic_write(path) as copy, path.open("rb") as there:
        reserve(copy.fileno(), found.st_size)
        shutil.copyfileobj(there, copy)
        os.fchmod(copy.fileno(), stat.S_IMODE(found.st_mode))
