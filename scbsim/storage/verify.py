"""Whether a file can be trusted, asked in a process of its own.

Opening a damaged file can crash a process or never return, so a child with a time limit reads all
of it that a run would go on from, and says what it found.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scbsim.files.superblock import superblock

_SECONDS = 120.0
_HOME = Path(__file__).parents[2]

_CHILD = """
import json, sys
from pathlib import Path
import h5py
sys.path.append(sys.argv[2])
from scbsim.files.superblock import Repaired, superblock

def opened(path):
    if superblock(path).sound:
        return h5py.File(path, "r", locking=False)
    return h5py.File(Repaired(path), "r")

def read(path):
    if not h5py.is_hdf5(path):
        raise ValueError("it is not an HDF5 file")
    with opened(path) as file:
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
    read(Path(sys.argv[1]))
except Exception as error:
    sys.exit(" ".join(str(error).split())[:200] or type(error).__name__)
"""


def fault_of(path: Path) -> str | None:
    """Return what is wrong with a file that no one writes, or None. The file stays as it is."""
    try:
        done = subprocess.run(
            # Not from the current folder: a json.py there would make a good file a damaged one.
            [sys.executable, "-P", "-c", _CHILD, str(path), str(_HOME)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"reading it does not end within {_SECONDS:.0f} s"
    if done.returncode == 0:
        return None
    size, least = path.stat().st_size, superblock(path).end
    if size < least:
        return f"it is cut short: {size} bytes are left of {least} or more"
    if done.returncode < 0:
        return "reading it crashes HDF5"
    return (done.stderr.strip().splitlines() or ["it cannot be read"])[-1]
