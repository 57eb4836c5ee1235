"""Reading all of an output that a run would go on from: what a child of `verify` does.

It prints a line for each piece that it has read, and in the last line its verdict.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import h5py
import numpy as np

from scbsim.observables import NAMES, STATUS
from scbsim.storage.hdf5.array_blocks import PIECE
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.hdf5.guard import guard
from scbsim.storage.hdf5.reading import reading, system_fault
from scbsim.storage.hdf5.superblock import content_of, superblock
from scbsim.storage.runfile.schema import (
    FINAL,
    NORMALIZED,
    REASONS,
    SNAPSHOTS,
    STAGES,
    TASK,
    TRAJECTORY,
)

PROGRESS = b"."
VERDICT = b"verdict "
"""What lines of the child begin with."""

Tell = Callable[[], None]


class CheckResult(NamedTuple):
    """What a check came to.

    Attributes
    ----------
    kind : str
        ``damaged`` only if the bytes of the file say so; ``unchecked`` if they could not be read.
    why : str
    again : bool
        Whether the error may have been a passing one.
    """

    kind: Literal["whole", "damaged", "unchecked"]
    why: str = ""
    again: bool = False


def check(path: Path, tell: Tell = lambda: None) -> CheckResult:
    """Read a file that no one writes; it stays as it is.

    Parameters
    ----------
    path : Path
    tell : callable
        Called after each piece.
    """
    try:
        block, size = superblock(path), path.stat().st_size
        if size < block.end:
            short = f"it is cut short: {size} bytes are left of {block.end} or more"
            return CheckResult("damaged", short)
        with reading(path, content_of(path, block)) as file:
            guard(file, path, unfinished=not block.sound)
            _read(file, tell)
    except Exception as error:
        # There is no end of what damaged bytes make h5py raise.
        said = str(error) if isinstance(error, ImportError) else system_fault(error)
        if said is not None:
            return CheckResult("unchecked", said, again=True)
        return CheckResult("damaged", " ".join(str(error).split())[:200] or type(error).__name__)
    return CheckResult("whole")


def _read(file: h5py.File, tell: Tell) -> None:
    """Read everything; raise what is wrong."""
    if file.attrs.get("format") not in (b"scbsim", "scbsim"):
        raise ValueError("it is not an output of scbsim")
    tell()
    json.loads(text(file.attrs, "spec"))
    made = json.loads(text(file.attrs, "provenance"))
    for name in ("engine", "value"):
        _require(name in made, f"its provenance has no {name}")
    for name in ("run_uuid", "created_utc", "schema_version"):
        text(file.attrs, name)
    _read_trajectory(file[TRAJECTORY], tell)
    for name in (STAGES, NORMALIZED, TASK, *([FINAL] if FINAL in file else [])):
        for data in file[name].values():
            for _ in pieces(data, len(data)):
                tell()
    least = -1 if "replica" in file[TRAJECTORY] else 0
    reasons = file[STAGES]["reason"][:]
    known = bool(((least <= reasons) & (reasons < len(REASONS))).all())
    _require(known, "a stage ended for no known reason")
    for data in file[SNAPSHOTS].values() if SNAPSHOTS in file else ():
        # Their numbers have no checksum, so that there is nothing to see in them.
        data.id.chunk_iter(lambda chunk: tell())


def _read_trajectory(group: h5py.Group, tell: Tell) -> None:
    _require(int(group["status"][()]) in STATUS, "its status is none")
    missing = {"step", "stage", *NAMES} - set(group)
    _require(not missing, f"it has no {', '.join(sorted(missing))}")
    n = int(group["n_committed"][()])
    _require(n >= 0, f"it says that it has {n} rows")
    for name, column in group.items():
        if not column.shape:
            continue
        grows = column.maxshape[0] is None
        _require(not grows or len(column) >= n, f"{name} is short of {n} rows")
        last = -1
        for piece in pieces(column, n if grows else len(column)):
            if name == "step":
                ascends = len(piece) == 0 or (piece[0] > last and (piece[1:] > piece[:-1]).all())
                _require(bool(ascends), "the steps do not ascend")
                last = int(piece[-1]) if len(piece) else last
            tell()


def pieces(data: h5py.Dataset, n: int) -> Iterator[Any]:
    """Give the first ``n`` entries of a dataset: several at a time, or a large one in parts."""
    size = data.dtype.itemsize * int(np.prod(data.shape[1:], dtype=np.int64))
    if size > PIECE and data.chunks:
        for place in data.iter_chunks():
            yield data[place]
        return
    rows = max(1, PIECE // max(1, size))
    if data.chunks:
        # Whole chunks: one that is cut in two is read twice.
        rows = -(-rows // data.chunks[0]) * data.chunks[0]
    for begin in range(0, n, rows):
        yield data[begin : min(begin + rows, n)]


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def main(path: str) -> None:
    """Check a file, and say what there is to say on standard output."""

    def say(line: bytes) -> None:
        try:
            os.write(1, line + b"\n")
        except OSError:
            # The one who asked is gone.
            os._exit(1)

    verdict = check(Path(path), lambda: say(PROGRESS))
    say(VERDICT + json.dumps(verdict).encode())
    # Not through HDF5, which may yet crash on what it has read.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
