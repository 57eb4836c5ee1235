"""What is being compiled, told while it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from numba.core import event

from scbsim.kernels.compile.cache_lock import WAITING


class Compiling(NamedTuple):
    """A kernel in hand.

    Attributes
    ----------
    kernel : str
    functions : int
        Those that it calls and that were begun; 0 as the kernel itself is.
    waits : bool
        Whether another process compiles it, and this one waits.
    """

    kernel: str
    functions: int = 0
    waits: bool = False


@contextmanager
def told(tell: Callable[[Compiling], None]) -> Iterator[None]:
    """Tell of every kernel that is compiled in the body, and of every function in it."""
    compiled, waits = _Compiled(tell), _Waits(tell)
    with event.install_listener("numba:compile", compiled), event.install_listener(WAITING, waits):
        yield


class _Compiled(event.Listener):  # type: ignore[misc]
    """Follows numba's events, which are nested as functions are."""

    def __init__(self, tell: Callable[[Compiling], None]) -> None:
        self._tell = tell
        self._depth = self._functions = 0
        self._kernel = ""

    def on_start(self, event: Any) -> None:
        """Count a function, or take note of the kernel."""
        if self._depth:
            self._functions += 1
        else:
            self._kernel, self._functions = event.data["dispatcher"].py_func.__name__, 0
        self._depth += 1
        self._tell(Compiling(self._kernel, self._functions))

    def on_end(self, event: Any) -> None:
        """Go back to what calls it."""
        self._depth -= 1


class _Waits(event.Listener):  # type: ignore[misc]
    def __init__(self, tell: Callable[[Compiling], None]) -> None:
        self._tell = tell

    def on_start(self, event: Any) -> None:
        """Tell that another process holds the lock."""
        self._tell(Compiling(event.data["kernel"], waits=True))

    def on_end(self, event: Any) -> None:
        """Do nothing: what comes next is told by itself."""
