"""What a run does around its steps, timed: its start, its rows, its states, its end."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scbsim.benchmark.draws import seconds_of_draws
from scbsim.benchmark.timing import best_of
from scbsim.engines.select import plan_of
from scbsim.kernels.random.normal import BLOCK
from scbsim.observables import NAMES
from scbsim.spec import RunSpec
from scbsim.storage.hdf5.write import GrowingFile
from scbsim.storage.runfile.create import empty_file
from scbsim.storage.runfile.row_writer import FileRecorder
from scbsim.task import Task
from scbsim.trajectory.header import RunHeader
from scbsim.util.disk_space import sync

_PROGRAM = """
import sys
from pathlib import Path
from scbsim.spec import RunSpec
from scbsim.run.simulate import run_to_file
spec = RunSpec.from_dict(
    {"task": {"N": 3, "T": 50, "Q": 1}, "dynamics": {"engine": "collapsed", "rule": "sgd"},
     "stage": [{"steps": int(sys.argv[2])}]}
)
run_to_file(spec, sys.argv[1], overwrite=True)
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
print(next((line.split()[1] for line in lines if line.startswith("VmHWM")), "200000"))
"""

BLOCK_ROWS = 250

_PROCESSES = 3  # started for a measurement of which the best counts


def recorder(path: Path, state: dict[str, np.ndarray], rows: int, **output: object) -> FileRecorder:
    """Return the recorder of a new file, for a run of so many rows."""
    spec = RunSpec.from_dict(
        {
            "task": {"N": 10, "T": 100, "Q": 2},
            "stage": [{"steps": 10 * rows}],
            "output": {"final_state": False, **output},
        }
    )
    header = RunHeader(plan_of(spec, Task.from_spec(spec.task)), {"engine": "dense"})
    path.unlink(missing_ok=True)
    path.write_bytes(empty_file(header, state, state))
    return FileRecorder(path, GrowingFile(path))


def record_rows(path: Path, rows: int) -> None:
    """Record so many rows into a new file, as a run with steps of 1 ms does."""
    some = np.random.default_rng(0).normal(size=(BLOCK_ROWS, 1, len(NAMES)))
    steps, stages = np.arange(BLOCK_ROWS), np.zeros((BLOCK_ROWS, 1), np.int64)
    here = recorder(path, {}, rows)
    for begin in range(0, rows, BLOCK_ROWS):
        here.append(begin + steps, stages, some)
    here.close("complete")


def write_snapshot(path: Path, bulk: np.ndarray) -> None:
    """Write a state into a new file, and wait until it is on the disk."""
    here = recorder(path, {"bulk": bulk}, 1000, snapshot_every=1)
    here.snapshot(0, {"bulk": bulk})
    sync(path)
    here.close("complete")


def around(folder: Path, *, small: bool) -> Iterator[tuple[str, float]]:
    """Yield what surrounds the steps of a run, as `scbsim.estimates.rates.Rates.others` has it."""
    few, many = 2, 2_000 if small else 400_000
    yield "byte_seconds", _fresh_bytes(2**22 if small else 2**27)
    start, size = _process(folder, few)
    yield "start_seconds", start
    yield "start_bytes", size
    longer, _ = _process(folder, many)
    # A step of the collapsed engine takes 0.1 us, and a row more.
    yield "row_seconds", max(longer - start, 1e-7 * many) / many
    empty = best_of(lambda: record_rows(folder / "rows.h5", BLOCK_ROWS), rounds=3)
    bulk = np.random.default_rng(0).normal(size=(10, 10_000 if small else 1_000_000))
    seconds = best_of(lambda: write_snapshot(folder / "state.h5", bulk), rounds=2)
    yield "bytes_a_second", bulk.nbytes / max(seconds - empty, 1e-6)
    yield from seconds_of_draws(2 * BLOCK if small else 2**16)


def _process(folder: Path, steps: int) -> tuple[float, float]:
    """Return the processor time of a process with a short run, and the most bytes it holds."""
    line = [sys.executable, "-c", _PROGRAM, str(folder / "start.h5"), str(steps)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    best, size = float("inf"), 0.0
    for _ in range(_PROCESSES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(line, check=True, capture_output=True, text=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best, size = min(best, spent), 1024.0 * float(done.stdout.split()[-1])
    return best, size


def _fresh_bytes(count: int) -> float:
    """Return the processor time of a byte that a process has not used before, by the page.

    It is the least of some: on a virtual machine it may be twenty times as much for memory that
    the host has not given out yet, which says nothing of the next run.
    """
    return min(_in_process(_TOUCHES, str(count)) for _ in range(_PROCESSES)) / count


_TOUCHES = """
import sys
from time import process_time
import numpy as np
there = np.empty(int(sys.argv[1]), np.uint8)
began = process_time()
there[::4096] = 1
print(process_time() - began)
"""


def _in_process(program: str, *words: str) -> float:
    line = [sys.executable, "-c", program, *words]
    return float(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
