"""A full read of an output before a run resumes from it, done by a child of `integrity.checked`.

The child prints a line after each block that it has read, and its verdict in the last line.
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
from scbsim.storage.hdf5.array_blocks import BLOCK_BYTES
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.hdf5.guard import guard
from scbsim.storage.hdf5.reading import one_line, reading, system_fault
from scbsim.storage.hdf5.superblock import content_of, superblock
from scbsim.storage.runfile import schema
from scbsim.storage.runfile.observed import failed_observable, observed_in
from scbsim.util.text import by_count, counted

PROGRESS = b"."
VERDICT = b"verdict "
"""First bytes of the child's lines."""

Report = Callable[[], None]


class CheckResult(NamedTuple):
    """The result of a check."""

    # Damaged only if the content of the file shows it; unchecked if it could not be read.
    kind: Literal["whole", "damaged", "unchecked"]
    why: str = ""
    again: bool = False  # whether the error may be temporary


def check(path: Path, report: Report = lambda: None) -> CheckResult:
    """Read all of a file that no process writes; ``report`` is called after each block."""
    try:
        block, size = superblock(path), path.stat().st_size
        if size < block.end:
            left = f"{counted(size, 'byte')} {by_count(size, 'is', 'are')} left"
            return CheckResult("damaged", f"it is cut short: {left} of {block.end} or more")
        with reading(path, content_of(path, block)) as file:
            guard(file, path, unfinished=not block.sound)
            _read(file, report)
    except Exception as error:
        # Damaged bytes make h5py raise errors of any type.
        fault = str(error) if isinstance(error, ImportError) else system_fault(error)
        if fault is not None:
            return CheckResult("unchecked", fault, again=True)
        return CheckResult("damaged", one_line(error))
    return CheckResult("whole")


def _read(file: h5py.File, report: Report) -> None:
    """Read everything; raise if anything is wrong."""
    if file.attrs.get("format") not in (b"scbsim", "scbsim"):
        raise ValueError("it is not an output of scbsim")
    report()
    json.loads(text(file.attrs, "spec"))
    made = json.loads(text(file.attrs, "provenance"))
    for name in ("engine", "value"):
        _require(name in made, f"its provenance has no {name}")
    for name in ("run_uuid", "created_utc", "schema_version"):
        text(file.attrs, name)
    _read_trajectory(file[schema.TRAJECTORY], report)
    others = [name for name in (schema.FINAL, schema.OBSERVED) if name in file]
    for name in (schema.STAGES, schema.NORMALIZED, schema.TASK, *others):
        for data in file[name].values():
            for _ in read_blocks(data, len(data)):
                report()
    observed_in(file)
    failed_observable(file)
    least = -1 if "replica" in file[schema.TRAJECTORY] else 0
    reasons = file[schema.STAGES]["reason"][:]
    known = bool(((least <= reasons) & (reasons < len(schema.REASONS))).all())
    _require(known, "a stage ended for no known reason")
    for data in file[schema.SNAPSHOTS].values() if schema.SNAPSHOTS in file else ():
        # Snapshots have no checksum, so reading their values would show nothing.
        data.id.chunk_iter(lambda chunk: report())


def _read_trajectory(group: h5py.Group, report: Report) -> None:
    _require(int(group["status"][()]) in STATUS, "its status is none")
    missing = {"step", "stage", *NAMES} - set(group)
    _require(not missing, f"it has no {', '.join(sorted(missing))}")
    n = int(group["n_committed"][()])
    _require(n >= 0, f"it says that it has {counted(n, 'row')}")
    for name, column in group.items():
        if not column.shape:
            continue
        grows = column.maxshape[0] is None
        _require(not grows or len(column) >= n, f"{name} is short of {counted(n, 'row')}")
        last = -1
        for block in read_blocks(column, n if grows else len(column)):
            if name == "step":
                ascends = len(block) == 0 or (block[0] > last and (block[1:] > block[:-1]).all())
                _require(bool(ascends), "the steps do not ascend")
                last = int(block[-1]) if len(block) else last
            report()


def read_blocks(data: h5py.Dataset, n: int) -> Iterator[Any]:
    """Yield the first ``n`` rows of a dataset, several at a time, or large rows in chunks."""
    size = data.dtype.itemsize * int(np.prod(data.shape[1:], dtype=np.int64))
    if size > BLOCK_BYTES and data.chunks:
        for chunk in data.iter_chunks():
            yield data[chunk]
        return
    rows = max(1, BLOCK_BYTES // max(1, size))
    if data.chunks:
        # Whole chunks: HDF5 would read a chunk in two blocks twice.
        rows = -(-rows // data.chunks[0]) * data.chunks[0]
    for begin in range(0, n, rows):
        yield data[begin : min(begin + rows, n)]


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def main(path: str) -> None:
    """Check a file, and write progress and verdict to standard output."""

    def write(line: bytes) -> None:
        try:
            os.write(1, line + b"\n")
        except OSError:
            # The parent is gone.
            os._exit(1)

    verdict = check(Path(path), lambda: write(PROGRESS))
    write(VERDICT + json.dumps(verdict).encode())
    # Not through HDF5's cleanup, which may crash on damaged content.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
