"""Signals that come before the work of a command begins, and after it has ended."""

import os
import signal
import subprocess
import sys

import pytest

from scbsim.errors import Stopped
from scbsim.storage.description import describe

WITHIN = 120.0

# Stands in for a module: whoever imports it waits for a signal.
WAITING = """
import signal
print("here", flush=True)
while True:
    signal.pause()
"""


def begun(words, waiting_at, folder):
    """Start a command line, and return its process once it imports a module."""
    stand_in = folder / "modules"
    stand_in.mkdir()
    (stand_in / f"{waiting_at}.py").write_text(WAITING)
    process = subprocess.Popen(
        [sys.executable, "-m", "scbsim", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(stand_in)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "here\n", process.communicate()[1]
    return process


def ended(process, number):
    process.send_signal(number)
    try:
        _, said = process.communicate(timeout=WITHIN)
    finally:
        process.kill()
    assert said == "stopped on a signal\n"
    return process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP])
def test_as_the_command_line_is_loaded(number, spec, tmp_path):
    process = begun(["run", spec, "-o", tmp_path / "run.h5"], "click", tmp_path)
    assert ended(process, number) == Stopped.exit_status


@pytest.mark.parametrize("command", ["run", "sample", "sweep", "info"])
def test_as_a_command_is_loaded(command, spec, tmp_path):
    made = tmp_path / "made"
    words = {
        "sample": ["--N", 3, "--T", 9, "--Q", 1, "-o", made],
        "info": [spec],
    }.get(command, [spec, "-o", made])
    process = begun([command, *words], "numpy", tmp_path)
    assert ended(process, signal.SIGTERM) == Stopped.exit_status
    assert not made.exists()


# Sends itself a signal once the run has ended: before it is told of, and as Python ends.
AFTERWARDS = """
import atexit, os, signal, sys
import scbsim.cli.summary
from scbsim.cli.entry import main

def send():
    os.kill(os.getpid(), signal.{name})

summarise = scbsim.cli.summary.summarise
scbsim.cli.summary.summarise = lambda *given: send() or summarise(*given)
atexit.register(send)
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_after_the_run(name, spec, tmp_path):
    path = tmp_path / "run.h5"
    line = [sys.executable, "-c", AFTERWARDS.format(name=name), "run", spec, "-o", path]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=WITHIN)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"file:       {path}" in done.stdout
    assert describe(path)["status"] == "complete"
