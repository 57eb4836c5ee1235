"""Processes that share a folder of compiled code lock each kernel while they compile it.

Of many that start at once on an empty folder one compiles a kernel, and the others find its work.
Different kernels are compiled at the same time. Nothing but time is lost where there is no lock.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from threading import get_ident
from time import monotonic, sleep
from typing import IO, Any

from numba.core.event import trigger_event

WAITING = "scbsim:wait"
"""The event of a process that waits while another compiles; its data has ``kernel``."""

SUFFIX = ".lock"
"""How the files end that are locked, beside those of the compiled kernels."""

_LONGEST_WAIT = 180.0
"""Seconds. Whoever waits longer, for one that hangs or is stopped, compiles for itself."""


class KernelLock:
    """The lock of one kernel for some types, held by one process at a time and never for ever.

    While it is held, its file says who holds it and what for.
    """

    def __init__(self) -> None:
        self._file: IO[str] | None = None
        self._thread = 0

    def acquire(self, path: Path, kernel: str) -> bool:
        """Wait for a file's lock, to compile a kernel; return whether it is held."""
        held = False
        # Where nothing can be written or locked, a process compiles without.
        with suppress(OSError):
            file = path.open("a")
            try:
                held = _locked(file) or self._waited(file, kernel)
                if held:
                    self._file, self._thread = file, get_ident()
                    _write_down(file, f"{os.getpid()} {kernel}\n")
            finally:
                if not held:
                    file.close()
        return held

    def _waited(self, file: IO[str], kernel: str) -> bool:
        until = monotonic() + _LONGEST_WAIT
        with trigger_event(WAITING, {"kernel": kernel}):
            while monotonic() < until:
                sleep(0.05)
                if _locked(file):
                    return True
        return False

    def release(self) -> None:
        """Let the next one in; nothing if this thread does not hold it."""
        if self._file is None or self._thread != get_ident():
            return
        # Another thread of this process may take it as soon as it is unlocked.
        file, self._file = self._file, None
        _write_down(file, "")
        with suppress(OSError):
            # A child that was forked meanwhile has the same lock, and keeps it by its copy.
            fcntl.flock(file, fcntl.LOCK_UN)
        file.close()


def compile_under_lock(compiled: Any, lock: KernelLock) -> None:
    """Have a function that numba compiles release the lock that its cache acquired."""
    compile_now = compiled.compile

    def compile_and_release(signature: Any) -> Any:
        try:
            return compile_now(signature)
        finally:
            lock.release()

    compiled.compile = compile_and_release


def in_compilation(folder: Path) -> str | None:
    """Return a kernel that some process compiles for a folder; None if there is none."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with suppress(OSError), path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                if kernel := file.read().partition(" ")[2].strip():
                    return kernel
    return None


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_down(file: IO[str], text: str) -> None:
    # The lock holds without it.
    with suppress(OSError):
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), text.encode())
