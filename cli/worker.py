"""A process that runs one command line after another, as its parent hands them over.

:mod:`scbsim.sweep.worker` starts it, with the descriptor of a socket. Each message has a command
line and the descriptor of a log. A line goes back when the command has ended with status 0. With
any other status the process ends, too: what such a command left behind in it is not known. It ends
as well once the parent has.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

from scbsim.cli.signals import CAUGHT, after_work, until_work
from scbsim.util.streams import secure


def main() -> None:
    """Run command lines until the parent is gone, or one does not end well."""
    hangup = signal.getsignal(signal.SIGHUP)
    # The parent has held signals back since before this process began.
    until_work()
    _hold_back(False)
    secure()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        channel.set_inheritable(False)
        while (given := _given(channel)) is not None:
            _run(*given)
            # From here on a signal is for the next command, which may come at once.
            _hold_back(True)
            try:
                channel.sendall(b"\n")
            except (BrokenPipeError, ConnectionResetError):
                return
            signal.signal(signal.SIGHUP, hangup)
            until_work()
            _hold_back(False)


def _given(channel: socket.socket) -> tuple[list[str], int] | None:
    """Return the next command line and its log; None if there will be none."""
    message, logs, _, _ = socket.recv_fds(channel, 2**16, 1)
    while message and not message.endswith(b"\n"):
        message += channel.recv(2**16)
    return (json.loads(message), logs[0]) if message else None


def _run(words: list[str], log: int) -> None:
    """Run a command line as a process of its own would; exit if its status is not 0."""
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    # Anew for each: a stream keeps the first error of a write.
    secure()
    from scbsim.cli.main import cli
    from scbsim.sweep.afresh import afresh

    try:
        with afresh():
            cli(words, prog_name="scbsim")
    except SystemExit as ended:
        if ended.code:
            raise
    finally:
        after_work()


def _hold_back(held: bool) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK if held else signal.SIG_UNBLOCK, CAUGHT)


if __name__ == "__main__":
    main()
