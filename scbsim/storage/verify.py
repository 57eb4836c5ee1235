"""Whether a file can be trusted, asked in a process of its own.

Opening a damaged file can crash a process or never return, so a child with a time limit reads all
of it that a run would go on from, and says what it found.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_SECONDS = 120.0

_CHILD = """
import json, sys
import h5py

def read(path):
    if not h5py.is_hdf5(path):
        raise ValueError("it is not an HDF5 file")
    with h5py.File(path, "r", locking=False) as file:
        if file.attrs.get("format") not in (b"scbsim", "scbsim"):
            raise ValueError("it is not an output of scbsim")
        n = int(file["trajectory/n_committed"][()])
        for name, column in file["trajectory"].items():
            if column.maxshape[:1] == (None,) and len(column[:n]) != n:
                raise ValueError(f"{name} is short of {n} rows")
        steps = file["trajectory/step"][:n]
        if (steps[1:] <= steps[:-1]).any():
            raise ValueError("the steps do not ascend")
        for name in ("stages", "normalized", "task"):
            for data in file[name].values():
                data[()]
        least = -1 if "replica" in file["trajectory"] else 0
        if not all(least <= reason < 3 for reason in file["stages/reason"][:].flat):
            raise ValueError("a stage ended for no known reason")
        for name in ("snapshots", "final"):
            for data in file[name].values() if name in file else ():
                data.id.chunk_iter(lambda chunk: None)
        json.loads(file.attrs["spec"])

try:
    read(sys.argv[1])
except Exception as error:
    sys.exit(" ".join(str(error).split())[:200] or type(error).__name__)
"""


def fault_of(path: Path) -> str | None:
    """Return what is wrong with a file that no one writes, or None."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(path)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"reading it does not end within {_SECONDS:.0f} s"
    if done.returncode == 0:
        return None
    if done.returncode < 0:
        return "reading it crashes HDF5"
    return (done.stderr.strip().splitlines() or ["it cannot be read"])[-1]
