"""A lock file beside the output, held while a writer lives: one writer a file."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep
from typing import IO, Any

from scbsim.errors import RunFailed
from scbsim.storage.checkpoint import beside

_TRIES = 5


class WriterLock:
    """Holds ``OUT.h5.lock`` from construction until :meth:`release`.

    The system lets go of it when the process ends, however it ends, so a lock file that is left
    behind keeps no one out. What is in it tells people, and :func:`writer_of`, who writes.

    Raises
    ------
    RunFailed
        If another writer lives.
    """

    def __init__(self, output: Path) -> None:
        self.path = beside(output, "lock")
        self._file = self._held()
        if self._file is None:
            who = _named(self.path)
            raise RunFailed(f"{output} is being written by {who}; two writers would spoil it")
        # On a full disk the lock holds all the same, and only its holder goes unnamed.
        with suppress(OSError):
            os.truncate(self._file.fileno(), 0)
            holder = {"host": socket.gethostname(), "pid": os.getpid()}
            os.write(self._file.fileno(), json.dumps(holder).encode())

    def _held(self) -> IO[str] | None:
        """Open and lock the file; again where its last holder took it away in between."""
        tries = 0
        while True:
            file = self.path.open("a+", encoding="utf-8")
            if not _lock(file):
                file.close()
                tries += 1
                if tries == _TRIES:
                    return None
                # Someone who only asks who writes holds the lock for a moment.
                sleep(0.05)
                continue
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), os.stat(self.path)):
                    return file
            file.close()

    def release(self) -> None:
        """Take the file away, and let go."""
        if self._file is not None:
            self.path.unlink(missing_ok=True)
            self._file.close()
            self._file = None


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
        with path.open("r", encoding="utf-8") as file:
            # Shared: of two who ask at once, neither takes the other for a writer.
            return None if _lock(file, fcntl.LOCK_SH) else _named(path)
    except OSError:
        return None


def _lock(file: IO[Any], kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _named(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"process {holder['pid']} on {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
