"""Locks between processes that share a cache of compiled kernels, one lock per kernel.

Of many processes that start on an empty cache, one compiles a kernel and the others load it. Other
kernels are compiled at the same time. Without a lock, work is only done twice.
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
"""The numba event of waiting for another process that compiles; its data has ``kernel``."""

SUFFIX = ".lock"
"""Suffix of the lock files, which are beside the compiled kernels."""

_LONGEST_WAIT = 180.0
"""Seconds. After that the holder is taken to hang, and the kernel is compiled here."""


class KernelLock:
    """The lock of one kernel and its types. While it is held, its file has PID and kernel."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None
        self._thread = 0

    def acquire(self, path: Path, kernel: str) -> bool:
        """Wait for the lock of a file, to compile a kernel. Return whether it is held."""
        held = False
        # Without a lock where nothing can be written or locked.
        with suppress(OSError):
            file = path.open("a")
            try:
                held = _try_lock(file) or _wait_for_lock(file, kernel)
                if held:
                    self._file, self._thread = file, get_ident()
                    _write_holder(file, f"{os.getpid()} {kernel}\n")
            finally:
                if not held:
                    file.close()
        return held

    def release(self) -> None:
        """Release the lock, if this thread holds it."""
        if self._file is None or self._thread != get_ident():
            return
        # First, as another thread may acquire the lock as soon as the file is unlocked.
        file, self._file = self._file, None
        _write_holder(file, "")
        with suppress(OSError):
            # A child forked meanwhile has a copy of the descriptor, which would keep the lock.
            fcntl.flock(file, fcntl.LOCK_UN)
        file.close()


def compile_under_lock(compiled: Any, lock: KernelLock) -> None:
    """Make a numba function release, after compiling, the lock that its cache acquired."""
    compile_now = compiled.compile

    def compile_and_release(signature: Any) -> Any:
        try:
            return compile_now(signature)
        finally:
            lock.release()

    compiled.compile = compile_and_release


def in_compilation(folder: Path) -> str | None:
    """Return the name of a kernel that some process is compiling for a folder, or None."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with suppress(OSError), path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                if kernel := file.read().partition(" ")[2].strip():
                    return kernel
    return None


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for_lock(file: IO[str], kernel: str) -> bool:
    until = monotonic() + _LONGEST_WAIT
    with trigger_event(WAITING, {"kernel": kernel}):
        while monotonic() < until:
            sleep(0.05)
            if _try_lock(file):
                return True
    return False


def _write_holder(file: IO[str], text: str) -> None:
    # The text is only for display.
    with suppress(OSError):
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), text.encode())
