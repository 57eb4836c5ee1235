"""Processes that share a folder of compiled code take turns to compile and to add to it.

Of many that start at once on an empty folder one compiles, and the others find its work. Adding to
it alone is needed besides: numba reads an index, adds to it and writes it back, so of two processes
that do so at once for different types, one may leave its code under the other's name.
"""

from __future__ import annotations

import fcntl
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any

_LONGEST_WAIT = 180.0
"""Seconds. Whoever waits longer, for one that hangs or is stopped, compiles for itself."""


class _Turn:
    """The lock of a folder, held by one process at a time and never for ever."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Wait for it; return whether it is held."""
        until = monotonic() + _LONGEST_WAIT
        # Where nothing can be written or locked, a process compiles for itself alone.
        with suppress(OSError):
            file = self._path.open("a")
            while monotonic() < until:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self._file = file
                    return True
                except BlockingIOError:
                    sleep(0.05)
            file.close()
        return False

    def give_back(self) -> None:
        """Let the next one in; nothing if it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def held(self) -> bool:
        return self._file is not None


def compile_in_turn(compiled: Any, path: Path) -> None:
    """Have a function that numba compiles and caches wait for its turn to do either.

    Parameters
    ----------
    compiled : numba dispatcher
        With a cache.
    path : Path
        The lock's file, one for all functions in a folder.
    """
    cache, compile_now = compiled._cache, compiled.compile
    load, save = cache.load_overload, cache.save_overload
    turn = _Turn(path)

    def load_or_take_turn(signature: Any, context: Any) -> Any:
        found = load(signature, context)
        if found is None and turn.take():
            # Another may have done it while this one waited.
            found = load(signature, context)
        return found

    def save_in_turn(signature: Any, data: Any) -> None:
        if turn.held:
            save(signature, data)

    def compile_and_give_back(signature: Any) -> Any:
        try:
            return compile_now(signature)
        finally:
            turn.give_back()

    cache.load_overload, cache.save_overload = load_or_take_turn, save_in_turn
    compiled.compile = compile_and_give_back
