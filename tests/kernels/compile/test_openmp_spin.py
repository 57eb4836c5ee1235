"""Threads that wait give up their processor soon, and nobody else's environment is touched."""

import os
import subprocess
import sys

import pytest
from scbsim_testing.needs import lacking

OURS = """
import os
before = dict(os.environ)
from scbsim.kernels.compile import jit
assert dict(os.environ) == before
"""
NUMBAS = "import numba.np.ufunc.omppool"


def spins(program, **environment):
    """Return how often a thread looks before it sleeps, as OpenMP says once it is loaded."""
    kept = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**kept, "OMP_DISPLAY_ENV": "VERBOSE", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert program != OURS or done.returncode == 0, done.stderr
    return [line.split("'")[1] for line in done.stderr.splitlines() if "GOMP_SPINCOUNT" in line]


@pytest.mark.slow
def test_threads_wait_briefly_unless_they_are_told_how():
    if not spins(NUMBAS):
        lacking("numba's threads are not GNU OpenMP's here")
    assert spins(OURS) == ["2000"]
    # Not loaded then before it is needed, so nothing is said.
    assert spins(OURS, GOMP_SPINCOUNT="17") == []
    assert spins(OURS, OMP_WAIT_POLICY="passive") == []
