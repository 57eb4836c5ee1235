"""Ranks of MPI in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from scbsim_testing import HERE
from scbsim_testing.needs import lacking

SECONDS = 300.0


def mpiexec() -> str:
    """The launcher that came with mpi4py's MPI; without one there is nothing to test."""
    beside = Path(sys.executable).parent / "mpiexec"
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    if found is None:
        lacking("runs over ranks need mpiexec, and there is none here: pip install mpich")
    return found


def launched(ranks: int, script: str, *words: object, **patch: object) -> subprocess.Popen[str]:
    """Start a script of this folder on so many ranks."""
    line = [mpiexec(), "-n", str(ranks), sys.executable, str(HERE / script), *map(str, words)]
    one = dict.fromkeys(("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    env = {**os.environ, **one, "PATCH": json.dumps(patch)}
    return subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )


def ended(ranks: int, script: str, *words: object, **patch: object) -> tuple[int, str]:
    """Run it to its end; return its exit status and what was said on stderr."""
    process = launched(ranks, script, *words, **patch)
    try:
        _, said = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    return process.returncode, said


def beside(path: Path) -> list[str]:
    """What stands beside an output."""
    return sorted(each.name for each in path.parent.iterdir() if each != path)
