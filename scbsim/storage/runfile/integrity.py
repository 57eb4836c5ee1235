"""Checking in a child process whether an output file is intact.

Opening a damaged file can crash a process or never return, so a child reads everything that a run
would resume from, and reports what it found. A child that is killed, hangs, or cannot read the file
does not count as evidence of damage.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from typing import IO

from scbsim.errors import Stopped
from scbsim.storage.runfile.check import PROGRESS, VERDICT, CheckResult

Stop = Callable[[], bool]

_SILENT_SECONDS = 120.0
"""How long a child may make no progress."""

_POLL_SECONDS = 0.1
_LAST_SECONDS = 5.0
_HOME = Path(__file__).parents[3]
_CHILD = """
import sys
sys.path.append(sys.argv[2])
from scbsim.storage.runfile.check import main
main(sys.argv[1])
"""


def checked(path: Path, stop: Stop = lambda: False) -> CheckResult:
    """Check a file that no process writes, without changing it.

    ``stop`` is called several times a second. Raise Stopped if ``stop`` returned True; nothing is
    known of the file then.
    """
    verdict = _run_child(path, stop)
    if verdict.kind == "unchecked" and verdict.again:
        verdict = _run_child(path, stop)
    return verdict


def _run_child(path: Path, stop: Stop) -> CheckResult:
    # -P: a json.py in the current folder would be imported in place of Python's.
    line = [sys.executable, "-P", "-c", _CHILD, str(path), str(_HOME)]
    try:
        child = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Signals to the process group, such as Ctrl-C, are handled by this process alone.
            start_new_session=True,
        )
    except OSError as error:
        return CheckResult("unchecked", f"no process could be started for it: {error.strerror}")
    assert child.stdout is not None
    try:
        return _wait_for_verdict(child, child.stdout, path, stop)
    finally:
        child.kill()
        child.stdout.close()
        # A child that waits for a file server cannot be killed until the server answers.
        with suppress(subprocess.TimeoutExpired):
            child.wait(_LAST_SECONDS)


def _wait_for_verdict(
    child: subprocess.Popen[bytes], pipe: IO[bytes], path: Path, stop: Stop
) -> CheckResult:
    """Read the output of a child until it gives a verdict, ends, or makes no progress."""
    rest, message = b"", ""
    silent, polled_at = 0.0, monotonic()
    with DefaultSelector() as selector:
        selector.register(pipe, EVENT_READ)
        while silent < _SILENT_SECONDS:
            if stop():
                raise Stopped(
                    f"stopped on a signal while {path} was checked; it is as it was, and the same "
                    "command resumes the run"
                )
            ready = selector.select(_POLL_SECONDS)
            now = monotonic()
            # Time in which the machine slept or the job was suspended does not count.
            silent, polled_at = silent + min(now - polled_at, 10 * _POLL_SECONDS), now
            if not ready:
                continue
            content = os.read(pipe.fileno(), 2**16)
            *lines, rest = (rest + content).split(b"\n")
            for line in lines:
                if line == PROGRESS:
                    silent = 0.0
                elif line.startswith(VERDICT):
                    return CheckResult(*json.loads(line.removeprefix(VERDICT)))
                elif line.strip():
                    message = line.decode(errors="replace").strip()[:200]
            if not content:
                return CheckResult("unchecked", _why_no_verdict(child, message))
    return CheckResult("unchecked", f"reading it came to a halt for {_SILENT_SECONDS:.0f} s")


def _why_no_verdict(child: subprocess.Popen[bytes], message: str) -> str:
    """Return how a child ended that gave no verdict; ``message`` is its last line."""
    code = child.wait()
    if code == -signal.SIGKILL:
        return "the process that read it was killed, as the system does when memory is short"
    if code < 0:
        return f"the process that read it was ended by a signal: {signal.strsignal(-code)}"
    return message or f"the process that read it ended with status {code}"
