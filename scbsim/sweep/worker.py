"""Worker processes that do one run after another, since starting a process takes longer than a run.

A worker is a new process (:mod:`scbsim.cli.worker`), so that a crash affects no other run; a forked
child could not use the threads of compiled code. It has its own session, so that Ctrl-C reaches the
parent alone.
"""

from __future__ import annotations

import json
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from time import monotonic
from typing import IO

LIFETIME = 60.0
"""Seconds after which a worker gets no more runs. A new process costs little compared to this, and
releases whatever the runs left behind."""

_LAST_SECONDS = 30.0
"""Seconds that a worker gets to end before it is killed."""

_MOMENT = 0.05
"""Seconds for a process to end after it has closed its socket."""

_ASK_TO_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


class Worker:
    """A process that waits for runs. It ends when it is closed, or its parent ends.

    It has the given environment, and writes to ``log`` until its first run.
    """

    def __init__(self, environment: Mapping[str, str], log: IO[bytes]) -> None:
        self._began = monotonic()
        self._channel, theirs = socket.socketpair()
        line = [sys.executable, "-P", "-m", "scbsim.cli.worker", str(theirs.fileno())]
        with theirs, _signals_blocked():
            self._process = subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the current run ends."""
        return self._channel.fileno()

    def begin(self, words: Sequence[str], log: IO[bytes]) -> None:
        """Send a command line to run; its output goes to the log."""
        with suppress(BrokenPipeError, ConnectionResetError):
            # If the worker has died, ended() returns its exit status.
            line = json.dumps(list(words)).encode() + b"\n"
            socket.send_fds(self._channel, [line], [log.fileno()])

    def ended(self) -> int | None:
        """Return the exit status of the current run, negative after a signal; None while it runs.

        The process has ended too, unless the status is 0.
        """
        try:
            answer = self._channel.recv(1, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            answer = b""
        if answer:
            return 0
        try:
            return self._process.wait(_MOMENT)
        except subprocess.TimeoutExpired:
            return None

    def is_reusable(self) -> bool:
        """Return whether the worker may get another run."""
        return not self.has_ended() and monotonic() - self._began < LIFETIME

    def has_ended(self) -> bool:
        """Return whether the process has ended."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Ask the current run to stop; a second call stops it at once."""
        self._process.terminate()

    def close(self) -> None:
        """Close the socket, so that the process ends after its current run."""
        self._channel.close()

    def wait(self) -> None:
        """Wait for the process to end, and kill it if that takes long."""
        try:
            self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Workers:
    """A pool of workers with a common environment, which grows when no worker is idle."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._busy: list[Worker] = []
        self._idle: list[Worker] = []
        self._closed: list[Worker] = []

    def begin(self, words: Sequence[str], log: IO[bytes]) -> Worker:
        """Run a command line; return the worker that does it."""
        self._close([each for each in self._idle if not each.is_reusable()])
        worker = self._idle.pop() if self._idle else Worker(self._environment, log)
        self._busy.append(worker)
        worker.begin(words, log)
        return worker

    def ended(self, seconds: float) -> dict[Worker, int]:
        """Wait up to some seconds for a run to end; return the exit statuses of those that have."""
        with selectors.DefaultSelector() as ready:
            for each in self._busy:
                ready.register(each, selectors.EVENT_READ)
            ready.select(seconds)
        found = {each: status for each in self._busy if (status := each.ended()) is not None}
        self._busy = [each for each in self._busy if each not in found]
        self._idle += found
        # A run that failed has ended its process.
        self._close([each for each in found if found[each] != 0])
        self._closed = [each for each in self._closed if not each.has_ended()]
        return found

    def stop(self) -> None:
        """Ask all current runs to stop."""
        for each in self._busy:
            each.stop()

    def close_idle(self) -> None:
        """Close all idle workers."""
        self._close(list(self._idle))

    def _close(self, idle: list[Worker]) -> None:
        for each in idle:
            self._idle.remove(each)
            self._closed.append(each)
            each.close()

    def end(self) -> None:
        """Stop, close and wait for all workers."""
        self.stop()
        everyone = [*self._busy, *self._idle, *self._closed]
        for each in everyone:
            each.close()
        for each in everyone:
            each.wait()


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block signals in a process that the body starts, until it unblocks them itself.

    A signal that arrives before the process has handlers would kill it, and the run would seem to
    have failed.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ASK_TO_STOP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
