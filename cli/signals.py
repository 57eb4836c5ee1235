"""Signals that ask a command to stop, before, during and after its work.

Before the work begins a signal ends the process at once with status 75, since nothing is written
yet. During the work either :func:`stopping` handles it, which lets a run end with a checkpoint, or
:func:`interruptible`. Afterwards signals are ignored: the exit status says how the work ended.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""Slurm can be told to send SIGUSR1 before a time limit. A terminal that closes sends SIGHUP."""

_STOPPED = 75
"""``scbsim.errors.Stopped.exit_status``. During its import a signal would kill the process."""


def until_work() -> None:
    """Let each signal end the process at once with status 75, until the work begins."""
    _install(_end)


def after_work() -> None:
    """Ignore signals from now on: the process only reports how the work ended, and exits."""
    _install(signal.SIG_IGN)


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Catch signals in the body; yield a function that returns True once one was received.

    A second signal raises :class:`KeyboardInterrupt` at once, except SIGHUP, which a closing
    terminal may send more than once.
    """
    received = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal received
        if received and number != signal.SIGHUP:
            raise KeyboardInterrupt
        if not received:
            received = True
            # On a terminal the cursor may be in the middle of a progress line.
            begin = b"\n" if os.isatty(2) else b""
            _write_stderr(begin + b"stopping; once more stops at once\n")

    with _handled(handle):
        yield lambda: received


def run_stoppable(make: Callable[..., Result], *args: Any, quiet: bool, **options: Any) -> Result:
    """Call ``make`` with a ``stop`` callback, and with ``progress`` unless ``quiet``."""
    with stopping() as stop:
        return make(*args, progress=not quiet, stop=stop, **options)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let signals raise :class:`KeyboardInterrupt` in the body, as SIGINT does by default."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled(handle):
        yield


@contextmanager
def _handled(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before, hook = _install(handle), sys.unraisablehook
    repeats: list[Timer] = []

    def repeat(unraisable: Any) -> None:
        # Python drops an exception in a finaliser, and the interrupt would be lost.
        if unraisable.exc_type is KeyboardInterrupt:
            repeats.append(Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)))
            repeats[-1].start()
        else:
            hook(unraisable)

    sys.unraisablehook = repeat
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for timer in repeats:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if handler is _end else handler)


def _install(handler: Any) -> dict[signal.Signals, Any]:
    """Set the handler of all signals; return the previous ones."""
    # nohup ignores SIGHUP; keep it ignored.
    numbers = [
        number
        for number in CAUGHT
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    ]
    return {number: signal.signal(number, handler) for number in numbers}


def _end(_number: int, _frame: FrameType | None) -> None:
    _write_stderr(b"stopped on a signal\n")
    os._exit(_STOPPED)


def _write_stderr(text: bytes) -> None:
    """Write to stderr from a handler, without print: the signal may have interrupted a print."""
    with suppress(OSError):
        os.write(2, text)
