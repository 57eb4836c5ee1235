"""Files that take their place when they are whole.

A file is made beside its place, under a temporary name that cannot be guessed, so that no link is
followed and no other file is overwritten. Its maker holds a lock on it for as long as it lives. So
what a killed process left is told from what is being made, and goes.
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

_OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def atomic_write(path: Path, *, replace: bool = True) -> Iterator[IO[bytes]]:
    """Write a file: afterwards the whole of it is there, and on the disk, or what was before.

    Parameters
    ----------
    path : Path
    replace : bool
        Whether it takes the place of a file that is there.

    Yields
    ------
    file object
        To be written to, or by the path in its ``name``. What is in it when the body ends takes
        the place; if the body raises, nothing does.

    Raises
    ------
    FileExistsError
        If there is a file by then, and it is not to be replaced.
    OSError
        If the system refuses, with the path as its ``filename``.
    """
    try:
        with _written(path, replace) as file:
            yield file
    except OSError as error:
        raise OSError(error.errno or errno.EIO, reason(error), str(path)) from error


@contextmanager
def _written(path: Path, replace: bool) -> Iterator[IO[bytes]]:
    remove_stale(path)
    file = _made(path)
    making = Path(file.name)
    try:
        yield file
        file.flush()
        os.fsync(file.fileno())
        if replace:
            os.replace(making, path)
        else:
            name_new(making, path)
        sync(path.parent)
    finally:
        with suppress(OSError):
            making.unlink(missing_ok=True)
        with suppress(OSError):
            file.close()


def _made(path: Path) -> IO[bytes]:
    while True:
        making = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            file = open(making, "w+b", opener=_exclusively)  # noqa: SIM115  (it is handed on)
        except FileExistsError:
            continue
        # Some file systems have no locks; there what is left behind stays.
        with suppress(OSError):
            # Shared: HDF5's readers take one, too, and are not kept out.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if making.exists():
            return file
        # Someone took it for left behind, before it was locked.
        file.close()


def _exclusively(path: str, _flags: int) -> int:
    return os.open(path, _OPEN | os.O_CREAT | os.O_EXCL, 0o666)


def remove_stale(path: Path) -> None:
    """Take away temporary files of a path, and of those beside it, whose makers are dead."""
    name = re.compile(re.escape(path.name) + r"\.(.+\.)?[0-9a-f]{8}\.tmp")
    with suppress(OSError):
        for found in [each for each in os.listdir(path.parent) if name.fullmatch(each)]:
            with suppress(OSError):
                _remove_if_dead(path.parent / found)


def _remove_if_dead(making: Path) -> None:
    handle = os.open(making, _OPEN | os.O_NONBLOCK)
    try:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            making.unlink()
    finally:
        os.close(handle)


def name_new(making: Path, path: Path) -> None:
    """Give a file a name that no other has; raise :class:`FileExistsError` if one does."""
    try:
        os.link(making, path)
        making.unlink()
    except FileExistsError:
        raise
    except OSError:
        # FAT and some network file systems have no hard links. The lock keeps runs apart there.
        if path.exists():
            raise FileExistsError(path) from None
        os.replace(making, path)


def unshare(path: Path) -> None:
    """Give a file with several hard links a content of its own.

    What is then written in place does not change what the other links have, such as a copy that
    was made by ``cp -al``.
    """
    found = path.stat()
    if found.st_nlink == 1:
        return
    with atomic_write(path) as copy, path.open("rb") as there:
        reserve(copy.fileno(), found.st_size)
        shutil.copyfileobj(there, copy)
        os.fchmod(copy.fileno(), stat.S_IMODE(found.st_mode))
