"""Whether a file can be trusted, asked in a process of its own.

Opening a damaged file can crash a process or never return, so a child reads all of it that a run
would go on from, and says what it found. Only that is taken for damage: a child that is killed,
hangs, or cannot read has found nothing.
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
"""How long a child may read nothing new."""

_LOOK_SECONDS = 0.1
_LAST_SECONDS = 5.0
_HOME = Path(__file__).parents[3]
_CHILD = """
import sys
sys.path.append(sys.argv[2])
from scbsim.storage.runfile.check import main
main(sys.argv[1])
"""


def checked(path: Path, stop: Stop = lambda: False) -> CheckResult:
    """Check a file that no one writes; it stays as it is.

    Parameters
    ----------
    path : Path
    stop : callable
        Asked several times a second.

    Raises
    ------
    Stopped
        If it said True; nothing is known of the file then.
    """
    verdict = _asked(path, stop)
    if verdict.kind == "unchecked" and verdict.again:
        verdict = _asked(path, stop)
    return verdict


def _asked(path: Path, stop: Stop) -> CheckResult:
    """Have a child check a file."""
    # Not from the current folder: a json.py there would be imported in place of Python's.
    line = [sys.executable, "-P", "-c", _CHILD, str(path), str(_HOME)]
    try:
        child = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Signals to this process and its group, such as Ctrl-C, are for us to hear.
            start_new_session=True,
        )
    except OSError as error:
        return CheckResult("unchecked", f"no process could be started for it: {error.strerror}")
    assert child.stdout is not None
    try:
        return _heard(child, child.stdout, path, stop)
    finally:
        child.kill()
        child.stdout.close()
        # One that waits for a file server can not be killed until that answers.
        with suppress(subprocess.TimeoutExpired):
            child.wait(_LAST_SECONDS)


def _heard(child: subprocess.Popen[bytes], pipe: IO[bytes], path: Path, stop: Stop) -> CheckResult:
    """Listen to a child until its verdict, its end, or its silence."""
    rest, said = b"", ""
    silent, looked_at = 0.0, monotonic()
    with DefaultSelector() as selector:
        selector.register(pipe, EVENT_READ)
        while silent < _SILENT_SECONDS:
            if stop():
                raise Stopped(
                    f"stopped on a signal while {path} was checked; it is as it was, and the same "
                    "line goes on"
                )
            ready = selector.select(_LOOK_SECONDS)
            now = monotonic()
            # A machine that slept, or a job that was suspended, says nothing of the child.
            silent, looked_at = silent + min(now - looked_at, 10 * _LOOK_SECONDS), now
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
                    said = line.decode(errors="replace").strip()[:200]
            if not content:
                return CheckResult("unchecked", _ended(child, said))
    return CheckResult("unchecked", f"reading it came to a halt for {_SILENT_SECONDS:.0f} s")


def _ended(child: subprocess.Popen[bytes], said: str) -> str:
    """Say how a child ended that gave no verdict."""
    code = child.wait()
    if code == -signal.SIGKILL:
        return "the process that read it was killed, as the system does when memory is short"
    if code < 0:
        return f"the process that read it was ended by a signal: {signal.strsignal(-code)}"
    return said or f"the process that read it ended with status {code}"
