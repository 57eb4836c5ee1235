"""A lock file beside an output, held while a writer lives: at most one writer per file."""

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
# Do not follow links, and do not wait for a pipe.
_OPEN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST = 4096


class WriterLock:
    """Holds ``OUT.h5.lock`` from construction until :meth:`release`.

    The system releases the lock when the process ends for any reason, so a lock file that is left
    behind blocks no one. The file names its holder, for error messages and :func:`writer_of`.

    Raises
    ------
    RunFailed
        If another writer lives.
    OutputError
        If the path of the lock file is a link or not a regular file.
    """

    def __init__(self, output: Path) -> None:
        self.path = beside(output, "lock")
        self._handle = self._acquire()
        if self._handle is None:
            holder = _holder(self.path)
            raise RunFailed(f"{output} is being written by {holder}; two writers would spoil it")
        # On a full disk the lock still holds, only without the name of its holder.
        with suppress(OSError):
            os.truncate(self._handle, 0)
            me = {"host": socket.gethostname(), "pid": os.getpid()}
            os.write(self._handle, json.dumps(me).encode())

    def _acquire(self) -> int | None:
        """Open and lock the file; retry if its last holder removed it in between."""
        tries = 0
        while True:
            handle = self._open()
            if not _lock(handle):
                os.close(handle)
                tries += 1
                if tries == _TRIES:
                    return None
                # writer_of() in another process holds the lock for a moment.
                sleep(0.05)
                continue
            if _is_open_at(handle, self.path):
                return handle
            os.close(handle)

    def _open(self) -> int:
        """Open the file, which must not be a link to another one: it is written to."""
        refused = OutputError(
            f"{self.path} is a link or no regular file, where the lock of the output is wanted: "
            "remove it, or choose another path"
        )
        try:
            handle = os.open(self.path, _OPEN | os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
                raise
            raise refused from None
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            os.close(handle)
            raise refused
        return handle

    def release(self) -> None:
        """Remove the file and release the lock."""
        if self._handle is not None:
            # If the folder was moved, another writer may have its lock file at this path.
            with suppress(OSError):
                if _is_open_at(self._handle, self.path):
                    self.path.unlink()
            os.close(self._handle)
            self._handle = None


@contextmanager
def held(output: Path) -> Iterator[None]:
    """Hold the :class:`WriterLock` of an output in the body; raises what that raises."""
    lock = WriterLock(output)
    try:
        yield
    finally:
        lock.release()


def writer_of(output: Path) -> str | None:
    """Return who writes an output now; None if no writer can be seen from this machine."""
    path = beside(output, "lock")
    try:
        handle = os.open(path, _OPEN | os.O_RDONLY)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        # Shared: two processes that ask at once do not take each other for a writer.
        return None if _lock(handle, fcntl.LOCK_SH) else _holder(path)
    except OSError:
        return None
    finally:
        os.close(handle)


def _is_open_at(handle: int, path: Path) -> bool:
    """Return whether ``path`` still names the open file."""
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


def _holder(path: Path) -> str:
    try:
        handle = os.open(path, _OPEN | os.O_RDONLY)
        try:
            holder = json.loads(os.read(handle, _LONGEST))
        finally:
            os.close(handle)
        return f"process {int(holder['pid'])} on {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
