"""Runs in processes of their own, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import h5py

from scbsim_testing import HERE
from scbsim_testing.needs import lacking
from scbsim_testing.warm_cli import warm_cli

TRIES = 120.0


def started(*words: object, **patch: object) -> subprocess.Popen[str]:
    """Start a command line, changed as `patched_cli` can."""
    line = [sys.executable, str(HERE / "patched_cli.py"), *map(str, words)]
    env = {**os.environ, "PATCH": json.dumps(patch)}
    return subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )


class WarmRun:
    """As what `started` returns, but a fork of the warm process, with one thread."""

    def __init__(self, *words: object, **patch: object) -> None:
        self._err = tempfile.TemporaryFile("w+")  # noqa: SIM115  (closed with this object)
        with open(os.devnull, "r+b") as none:
            streams = [none.fileno(), none.fileno(), self._err.fileno()]
            self._started = warm_cli().started(*words, cwd=Path.cwd(), streams=streams, patch=patch)
        for name in ("pid", "poll", "wait", "send_signal", "kill"):
            setattr(self, name, getattr(self._started, name))

    @property
    def returncode(self) -> int | None:
        return self._started.returncode

    def communicate(self, timeout: float = TRIES) -> tuple[None, str]:
        """Return nothing for stdout, and what it said on stderr."""
        self.wait(timeout)
        self._err.seek(0)
        return None, self._err.read()


def ended(*words: object, **patch: object) -> tuple[int, str]:
    """Run a command line to its end; return its exit status and what it said on stderr."""
    done = warm_cli()(*words, patched=True, **patch)
    return done.status, done.err


def plain(said: str) -> str:
    """Return what a command said, having seen that it is a short paragraph and no traceback."""
    assert "Traceback" not in said, said
    assert "Exception ignored" not in said, said
    assert "internal error" not in said, said
    assert 1 <= len(said.strip().splitlines()) <= 6, said
    return said


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something that a process is to bring about."""
    deadline = monotonic() + TRIES
    while not is_so():
        assert process.poll() is None, process.communicate()
        assert monotonic() < deadline
        sleep(0.02)


def committed(path: Path) -> int:
    """Return the rows that a live file says it has; 0 before there is one."""
    try:
        with h5py.File(path, "r", swmr=True, locking=False) as file:
            return int(file["trajectory/n_committed"][()])
    except OSError:
        return 0


def child(words):
    """A program in place of the child's; it has `path`, `say` and `check`."""
    return textwrap.dedent("""
        import json, os, signal, sys, time
        path = sys.argv[1]
        sys.path.append(sys.argv[2])
        def say(line):
            os.write(1, line + b"\\n")
        def whole():
            say(b'verdict ["whole", "", false]')
    """) + textwrap.dedent(words)


def pids_of(path):
    """The processes with a path on their command lines."""
    if not os.path.isdir("/proc"):
        lacking("which processes there are is asked of /proc, and there is none here")
    found = []
    for pid in os.listdir("/proc"):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                if pid.isdigit() and os.fsencode(path) in line.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            continue
    return found
