"""Notification of what is being compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from numba.core import event

from scbsim.kernels.compile.cache_lock import WAITING


class Compiling(NamedTuple):
    """A kernel that is being compiled."""

    kernel: str
    functions: int = 0  # functions it calls whose compilation has begun
    waits: bool = False  # whether this process waits for another one that compiles it


@contextmanager
def compile_events(notify: Callable[[Compiling], None]) -> Iterator[None]:
    """Call ``notify`` for every kernel compiled in the body, and for every function in it."""
    listener = _Listener(notify)
    with (
        event.install_listener("numba:compile", listener),
        event.install_listener(WAITING, listener),
    ):
        yield


class _Listener(event.Listener):  # type: ignore[misc]
    """Follows numba's events, which are nested as calls are."""

    def __init__(self, notify: Callable[[Compiling], None]) -> None:
        self._notify = notify
        self._depth = self._functions = 0
        self._kernel = ""

    def on_start(self, event: Any) -> None:
        """Notify of a wait, a kernel or a function in it."""
        if event.kind == WAITING:
            self._notify(Compiling(event.data["kernel"], waits=True))
            return
        if self._depth:
            self._functions += 1
        else:
            self._kernel, self._functions = event.data["dispatcher"].py_func.__name__, 0
        self._depth += 1
        self._notify(Compiling(self._kernel, self._functions))

    def on_end(self, event: Any) -> None:
        """Return to the caller."""
        self._depth -= event.kind != WAITING
