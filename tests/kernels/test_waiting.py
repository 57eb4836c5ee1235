"""Threads that wait give up their processor soon, and nobody else's environment is touched."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os
before = dict(os.environ)
from scbsim.kernels import jit
assert dict(os.environ) == before
"""


def spins(**environment):
    """Return how often a thread looks before it sleeps, as OpenMP says once it is loaded."""
    kept = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**kept, "OMP_DISPLAY_ENV": "VERBOSE", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    said = [line.split("'")[1] for line in done.stderr.splitlines() if "GOMP_SPINCOUNT" in line]
    if not said and not environment:
        pytest.skip("numba's threads are not GNU OpenMP's here")
    return said


def test_threads_wait_briefly_unless_they_are_told_how():
    assert spins() == ["2000"]
    # Not loaded then before it is needed, so nothing is said.
    assert spins(GOMP_SPINCOUNT="17") == []
    assert spins(OMP_WAIT_POLICY="passive") == []
