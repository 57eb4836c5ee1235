"""What the file of a run and the checkpoint beside it say of the run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py

from scbsim.observables import NAMES
from scbsim.storage.checkpoint.file import checkpoint_step
from scbsim.storage.hdf5.attributes import spec_table, table, text
from scbsim.storage.hdf5.formats import FORMAT
from scbsim.storage.hdf5.lock import writer_of
from scbsim.storage.runfile.ensemble_reader import describe_ensemble, is_ensemble, read_tables
from scbsim.storage.runfile.lacking import lacks_steps_before
from scbsim.storage.runfile.reader import counted, diagnosis_of, numbers_of, opened, tables_of
from scbsim.storage.runfile.schema import LACKS, TRAJECTORY
from scbsim.trajectory.single import NormalizedRow


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a file says of its run, in plain types that JSON can hold.

    Raises
    ------
    OutputError
        If there is no such file, or it is not one of scbsim's.
    """
    content = _described(path)
    if content["status"] == "running" and content["writer"] is None:
        # It may have ended between the reading of its status and of its lock.
        content = _described(path)
    return content


def _described(path: str | os.PathLike[str]) -> dict[str, Any]:
    with opened(path) as file:
        group = file[TRAJECTORY]
        status, n = counted(group)
        if is_ensemble(file):
            tables = read_tables(file)
            _, n = counted(group)
            end = describe_ensemble(file, tables, n)
        else:
            end = _describe_end(file, n)
        lacks = lacks_steps_before(file)
        return {
            "path": str(path),
            "bytes": Path(path).stat().st_size,
            "format": FORMAT,
            "schema_version": text(file.attrs, "schema_version"),
            "code_version": text(file.attrs, "code_version"),
            "run_uuid": text(file.attrs, "run_uuid"),
            "created_utc": text(file.attrs, "created_utc"),
            "status": status,
            "writer": writer_of(Path(path)),
            "checkpoint_step": checkpoint_step(Path(path)),
            "rows": n,
            "step": int(group["step"][n - 1]) if n else max(0, lacks - 1),
            LACKS: lacks,
            "diagnosis": diagnosis_of(group),
            **end,
            "task": numbers_of(file),
            "spec": spec_table(file.attrs),
            "provenance": table(file.attrs, "provenance"),
        }


def _describe_end(file: h5py.File, n: int) -> dict[str, Any]:
    """Return what a run last came to, by its rows and tables."""
    group, tables = file[TRAJECTORY], tables_of(file)
    return {
        "last": {name: float(group[name][n - 1]) for name in NAMES} if n else {},
        "normalized": _describe_normalized(tables.normalized[-1] if tables.normalized else None),
        "stages": [vars(end) for end in tables.stages],
    }


def _describe_normalized(row: NormalizedRow | None) -> dict[str, float] | None:
    if row is None:
        return None
    values = dict(zip(NAMES, row.row.tolist(), strict=True))
    return {"step": row.step, "stage": row.stage, "count": row.count, **values}
