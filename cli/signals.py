"""Signals that ask a run to stop: it ends its block of steps, closes its file, and says so."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_CAUGHT = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGUSR1,
)  # the last is what Slurm can be told to send


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Catch SIGINT, SIGTERM and SIGUSR1 in the body, and give the question whether one has come.

    A second signal raises :class:`KeyboardInterrupt` at once.
    """
    come = False

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal come
        if come:
            raise KeyboardInterrupt
        come = True
        # Not by print: the signal may come in the middle of one. On a terminal, in the middle of a
        # line, too.
        begin = b"\n" if os.isatty(2) else b""
        os.write(2, begin + b"stopping; once more stops at once\n")

    before = {number: signal.signal(number, handle) for number in _CAUGHT}
    try:
        yield lambda: come
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
