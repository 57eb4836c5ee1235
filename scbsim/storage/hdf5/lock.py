"""A lock file beside the output, held while a writer lives: one writer a file."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

from scbsim.errors import OutputError, RunFailed
from scbsim.util.paths import beside

_TRIES = 5
# No link is followed, and a pipe is not waited for.
_OPEN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST = 4096


class WriterLock:
    """Holds ``OUT.h5.lock`` from construction until :meth:`release`.

    The system lets go of it when the process ends, however it ends, so a lock file that is left
    behind keeps no one out. What is in it tells people, and :func:`writer_of`, who writes.

    Raises
    ------
    RunFailed
        If another writer lives.
    OutputError
        If what has the name of the lock file is none.
    """

    def __init__(self, output: Path) -> None:
        self.path = beside(output, "lock")
        self._handle = self._held()
        if self._handle is None:
            who = _named(self.path)
            raise RunFailed(f"{output} is being written by {who}; two writers would spoil it")
        # On a full disk the lock holds all the same, and only its holder goes unnamed.
        with suppress(OSError):
            os.truncate(self._handle, 0)
            holder = {"host": socket.gethostname(), "pid": os.getpid()}
            os.write(self._handle, json.dumps(holder).encode())

    def _held(self) -> int | None:
        """Open and lock the file; again where its last holder took it away in between."""
        tries = 0
        while True:
            handle = self._opened()
            if not _lock(handle):
                os.close(handle)
                tries += 1
                if tries == _TRIES:
                    return None
                # Someone who only asks who writes holds the lock for a moment.
                sleep(0.05)
                continue
            if _is(handle, self.path):
                return handle
            os.close(handle)

    def _opened(self) -> int:
        """Open the file, which must be one of its own: it is written to."""
        try:
            handle = os.open(self.path, _OPEN | os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
                raise
            raise OutputError(_NO_LOCK.format(self.path)) from None
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            os.close(handle)
            raise OutputError(_NO_LOCK.format(self.path))
        return handle

    def release(self) -> None:
        """Take the file away, and let go."""
        if self._handle is not None:
            # Where the folder was moved, another writer may have its own at this path.
            with suppress(OSError):
                if _is(self._handle, self.path):
                    self.path.unlink()
            os.close(self._handle)
            self._handle = None


_NO_LOCK = (
    "{} is a link or no regular file, where the lock of the output is wanted: take it away, or "
    "choose another path"
)


@contextmanager
def held(output: Path) -> Iterator[None]:
    """Hold the lock of an output in the body.

    Raises
    ------
    RunFailed
        If another writer lives.
    """
    lock = WriterLock(output)
    try:
        yield
    finally:
        lock.release()


def writer_of(output: Path) -> str | None:
    """Say who writes an output now, or None if no one does that can be seen from here."""
    path = beside(output, "lock")
    try:
        handle = os.open(path, _OPEN | os.O_RDONLY)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        # Shared: of two who ask at once, neither takes the other for a writer.
        return None if _lock(handle, fcntl.LOCK_SH) else _named(path)
    except OSError:
        return None
    finally:
        os.close(handle)


def _is(handle: int, path: Path) -> bool:
    """Return whether what has a path is what is open."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def _lock(handle: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _named(path: Path) -> str:
    try:
        handle = os.open(path, _OPEN | os.O_RDONLY)
        try:
            holder = json.loads(os.read(handle, _LONGEST))
        finally:
            os.close(handle)
        return f"process {int(holder['pid'])} on {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
