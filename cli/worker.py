"""A worker process that runs the command lines that its parent sends, one after another.

:mod:`scbsim.sweep.worker` starts it, with the descriptor of a socket. Each message has a command
line and the descriptor of a log. The worker answers with a line when the command has ended with
status 0. After any other status it exits, because the state of the process is unknown then. It also
exits once the parent has.
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
    """Run command lines until the parent is gone, or one ends with a status other than 0."""
    hangup = signal.getsignal(signal.SIGHUP)
    # The parent has blocked signals since before this process started.
    until_work()
    _block_signals(False)
    secure()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        channel.set_inheritable(False)
        while (command := _receive(channel)) is not None:
            _run(*command)
            # From here on a signal is meant for the next command, which may come at once.
            _block_signals(True)
            try:
                channel.sendall(b"\n")
            except (BrokenPipeError, ConnectionResetError):
                return
            signal.signal(signal.SIGHUP, hangup)
            until_work()
            _block_signals(False)


def _receive(channel: socket.socket) -> tuple[list[str], int] | None:
    """Return the next command line and its log, or None if the parent has closed the socket."""
    message, logs, _, _ = socket.recv_fds(channel, 2**16, 1)
    while message and not message.endswith(b"\n"):
        message += channel.recv(2**16)
    return (json.loads(message), logs[0]) if message else None


def _run(words: list[str], log: int) -> None:
    """Run a command line as a separate process would; exit if its status is not 0."""
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    # Again for each command: a stream keeps the first error of a write.
    secure()
    from scbsim.cli.main import cli
    from scbsim.sweep.isolation import afresh

    try:
        with afresh():
            cli(words, prog_name="scbsim")
    except SystemExit as ended:
        if ended.code:
            raise
    finally:
        after_work()


def _block_signals(block: bool) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK if block else signal.SIG_UNBLOCK, CAUGHT)


if __name__ == "__main__":
    main()
