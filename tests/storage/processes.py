"""Runs in processes of their own, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import h5py

HERE = Path(__file__).parent
TRIES = 120.0


def started(*words: object, **patch: object) -> subprocess.Popen[str]:
    """Start a command line, changed as `patched_cli` can."""
    line = [sys.executable, str(HERE / "patched_cli.py"), *map(str, words)]
    env = {**os.environ, "PATCH": json.dumps(patch)}
    return subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )


def ended(*words: object, **patch: object) -> tuple[int, str]:
    """Run a command line to its end; return its exit status and what it said on stderr."""
    process = started(*words, **patch)
    _, said = process.communicate(timeout=TRIES)
    return process.returncode, said


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
