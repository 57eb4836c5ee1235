"""A process that does runs one after another: starting one takes longer than many a run.

It runs command lines of its own process (:mod:`scbsim.cli.worker`), so that one that crashes takes
no other run with it, and in a session of its own, so that Ctrl-C reaches the parent alone. A child
that was forked could not use threads of compiled code.
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
"""Seconds after which a worker gets no more runs: starting another costs little by then, and what
the runs left behind in the process goes with it."""

_LAST_SECONDS = 30.0
"""What a worker gets to end when this process is interrupted in earnest."""

_MOMENT = 0.05
"""Seconds for a process to end once it has closed its side."""

_ASK_TO_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


class Worker:
    """A process that waits for runs. It ends when it is closed, or its parent ends.

    Parameters
    ----------
    environment : mapping
        Of the process.
    log : file
        Where it writes until its first run.
    """

    def __init__(self, environment: Mapping[str, str], log: IO[bytes]) -> None:
        self._began = monotonic()
        self._channel, theirs = socket.socketpair()
        line = [sys.executable, "-P", "-m", "scbsim.cli.worker", str(theirs.fileno())]
        with theirs, _held_back():
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
        """Return a descriptor that can be read from once the run in hand has ended."""
        return self._channel.fileno()

    def begin(self, words: Sequence[str], log: IO[bytes]) -> None:
        """Hand over a command line; what it says goes to the log."""
        with suppress(BrokenPipeError, ConnectionResetError):
            # A worker that has died meanwhile has ended, with its status.
            line = json.dumps(list(words)).encode() + b"\n"
            socket.send_fds(self._channel, [line], [log.fileno()])

    def ended(self) -> int | None:
        """Return the exit status of the run in hand, negative if a signal killed it; else None.

        The process has ended too, unless the status is 0.
        """
        try:
            said = self._channel.recv(1, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            said = b""
        if said:
            return 0
        try:
            return self._process.wait(_MOMENT)
        except subprocess.TimeoutExpired:
            return None

    def is_fit(self) -> bool:
        """Return whether it may be given another run."""
        return not self.has_left() and monotonic() - self._began < LIFETIME

    def has_left(self) -> bool:
        """Return whether the process has ended."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Ask the run in hand to stop; asked again, it stops at once."""
        self._process.terminate()

    def close(self) -> None:
        """Give it no more runs, so that it ends."""
        self._channel.close()

    def wait(self) -> None:
        """Wait until the process has ended, and kill it if that takes long."""
        try:
            self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Workers:
    """Workers as they are wanted: one that waits for a run, or a new one.

    Parameters
    ----------
    environment : mapping
        Of each process.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._busy: list[Worker] = []
        self._idle: list[Worker] = []
        self._leaving: list[Worker] = []

    def begin(self, words: Sequence[str], log: IO[bytes]) -> Worker:
        """Have a command line run; return the worker that does it."""
        self._let_go([each for each in self._idle if not each.is_fit()])
        worker = self._idle.pop() if self._idle else Worker(self._environment, log)
        self._busy.append(worker)
        worker.begin(words, log)
        return worker

    def ended(self, seconds: float) -> dict[Worker, int]:
        """Return the exit statuses of runs that have ended, having waited for one for a while."""
        with selectors.DefaultSelector() as ready:
            for each in self._busy:
                ready.register(each, selectors.EVENT_READ)
            ready.select(seconds)
        found = {each: status for each in self._busy if (status := each.ended()) is not None}
        self._busy = [each for each in self._busy if each not in found]
        self._idle += found
        # Only a run that ended well leaves its process fit for another.
        self._let_go([each for each in found if found[each] != 0])
        self._leaving = [each for each in self._leaving if not each.has_left()]
        return found

    def stop(self) -> None:
        """Ask all runs in hand to stop."""
        for each in self._busy:
            each.stop()

    def dismiss(self) -> None:
        """Let the workers go that wait for a run."""
        self._let_go(list(self._idle))

    def _let_go(self, idle: list[Worker]) -> None:
        for each in idle:
            self._idle.remove(each)
            self._leaving.append(each)
            each.close()

    def end(self) -> None:
        """See to it that no worker outlives this process."""
        self.stop()
        everyone = [*self._busy, *self._idle, *self._leaving]
        for each in everyone:
            each.close()
        for each in everyone:
            each.wait()


@contextmanager
def _held_back() -> Iterator[None]:
    """Start a process in the body to which signals come only once it can answer them.

    Before Python has begun they would kill it, and a run that was asked to stop would look failed.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ASK_TO_STOP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
