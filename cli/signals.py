"""Signals that ask a command to stop: what each does before, during and after its work.

Before the work begins a signal ends the process at once, with status 75: nothing has been made.
In the work it is answered by :func:`stopping`, which lets a run end with a checkpoint, or by
:func:`interruptible`. Afterwards it does nothing: the exit status says how the work ended.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""The last is what Slurm can be told to send; a terminal that closes sends SIGHUP."""

_STOPPED = 75
"""``scbsim.errors.Stopped.exit_status``: importing that takes time in which signals would kill."""


def until_work() -> None:
    """Have each signal end the process at once with status 75, until the work begins."""
    _install(_end)


def after_work() -> None:
    """Ignore signals from now on: all that is left is to tell how the work ended, and to exit."""
    _install(signal.SIG_IGN)


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Catch the signals in the body, and give a function that returns whether one has come.

    A second one raises :class:`KeyboardInterrupt` at once, unless it is SIGHUP, which a terminal
    that closes may send more than once.
    """
    come = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal come
        if come and number != signal.SIGHUP:
            raise KeyboardInterrupt
        if not come:
            come = True
            # On a terminal the signal may come in the middle of a line.
            begin = b"\n" if os.isatty(2) else b""
            _say(begin + b"stopping; once more stops at once\n")

    with _handled(handle):
        yield lambda: come


@contextmanager
def interruptible() -> Iterator[None]:
    """Have the signals raise :class:`KeyboardInterrupt` in the body, as SIGINT does by default."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled(handle):
        yield


@contextmanager
def _handled(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = _install(handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if handler is _end else handler)


def _install(handler: Any) -> dict[signal.Signals, Any]:
    """Set the handler of all; return those that were there before."""
    # Under nohup SIGHUP is ignored, and stays so.
    numbers = [
        number
        for number in CAUGHT
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    ]
    return {number: signal.signal(number, handler) for number in numbers}


def _end(_number: int, _frame: FrameType | None) -> None:
    _say(b"stopped on a signal\n")
    os._exit(_STOPPED)


def _say(text: bytes) -> None:
    """Write to stderr from a handler: not by print, which may be what the signal interrupted."""
    with suppress(OSError):
        os.write(2, text)
