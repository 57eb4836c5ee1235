"""A summary of a run, from its file and the checkpoint beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.observables import FINISHED, STATUS
from scbsim.storage.checkpoint.file import checkpoint_step
from scbsim.storage.hdf5.attributes import spec_table, table, text
from scbsim.storage.hdf5.formats import FORMAT
from scbsim.storage.hdf5.lock import writer_of
from scbsim.storage.runfile.lacking import lacks_steps_before
from scbsim.storage.runfile.observed import failed_observable, read_observed
from scbsim.storage.runfile.reader import checked_progress, diagnosis_of, numbers_of, opened
from scbsim.storage.runfile.schema import LACKS, REASONS, TRAJECTORY
from scbsim.storage.runfile.states import places_of_matrices
from scbsim.storage.runfile.tables import is_ensemble, observables_of, read_tables
from scbsim.trajectory.tables import Tables
from scbsim.util.quantiles import medians


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a file says of its run, in types of JSON.

    Raise OutputError if there is no such file, or it is not one of scbsim's.
    """
    content = _described(path)
    if content["status"] == "running" and content["writer"] is None:
        # The run may have ended between the reads of its status and of its lock.
        content = _described(path)
    return content


def _described(path: str | os.PathLike[str]) -> dict[str, Any]:
    with opened(path) as file:
        group = file[TRAJECTORY]
        status, n = checked_progress(group)
        tables = read_tables(file, observables_of(file))
        if is_ensemble(file):
            _, n = checked_progress(group)
        end = _describe_end(group, tables, n)
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
            "observed": _describe_observed(file),
            "failed_observable": failed_observable(file),
            "matrices": sorted(places_of_matrices(file)),
            "task": numbers_of(file),
            "spec": spec_table(file.attrs),
            "provenance": table(file.attrs, "provenance"),
        }


def _describe_end(group: h5py.Group, tables: Tables, n: int) -> dict[str, Any]:
    """Return the last results of the run; for an ensemble counts and medians over replicas."""
    R = len(tables.status)
    last = medians(_last(group, tables, n)).tolist() if n else []
    words = [STATUS[code] for code in tables.status.tolist()]
    counts = {
        "replicas": R,
        "replica_status": {name: words.count(name) for name in dict.fromkeys(words)},
    }
    return {
        **(counts if R > 1 else {}),
        "last": dict(zip(tables.observables, last, strict=False)),
        "normalized": _describe_normalized(tables),
        "stages": [end for i in range(len(tables.stages["reason"])) for end in _ends(tables, i)],
    }


def _last(group: h5py.Group, tables: Tables, n: int) -> NDArray[np.float64]:
    """Return the last row of each replica, (R, 9)."""
    R = len(tables.status)
    at = np.full(R, n - 1)
    if R > 1:
        ended = np.isin(tables.status, FINISHED)
        ends = tables.stages["end_step"].max(axis=0)
        at[ended] = np.minimum(np.searchsorted(group["step"][:n], ends[ended]), n - 1)
    rows, where = np.unique(at, return_inverse=True)
    columns = (group[name][rows].reshape(len(rows), R) for name in tables.observables)
    return np.stack([column[where, np.arange(R)] for column in columns], axis=1)


def _describe_normalized(tables: Tables) -> dict[str, Any] | None:
    """Return the last normalisation, as medians over the replicas that had any."""
    R, steps = len(tables.status), tables.normalized["step"]
    there = np.flatnonzero((steps >= 0).any(axis=0))
    if not len(there):
        return None
    at = len(steps) - 1 - np.argmax(steps[::-1, there] >= 0, axis=0)
    found = {name: _median(table[at, there], R) for name, table in tables.normalized.items()}
    return found | ({"replicas": len(there)} if R > 1 else {})


def _ends(tables: Tables, stage: int) -> list[dict[str, Any]]:
    """Return how a stage ended; an empty list if it did not in any replica."""
    R, (steps, reasons) = len(tables.status), (table[stage] for table in tables.stages.values())
    there = steps >= 0
    if not there.any():
        return []
    found = {name: int((reasons[there] == i).sum()) for i, name in enumerate(REASONS)}
    why = ", ".join(f"{count} {name}" if R > 1 else name for name, count in found.items() if count)
    return [{"stage": stage, "step": _median(steps[there], R), "reason": why}]


def _describe_observed(file: h5py.File) -> dict[str, dict[str, Any]]:
    """Return the last values of a user's own observables, and what they are."""
    observables, tables = read_observed(file)
    R = len(file[TRAJECTORY]["replica"]) if is_ensemble(file) else 1
    return {
        each.name: {
            "last": _last_of(tables[each.along].columns[each.name], R, each.shape),
            "every": each.every,
            "shape": list(each.shape),
            "units": each.units,
            "long_name": each.long_name,
            "function": each.place,
            "digest": each.digest,
        }
        for each in observables
    }


def _last_of(values: NDArray[np.float64], R: int, shape: tuple[int, ...]) -> float | None:
    """Return the last value, the median over replicas; None of an array, or if there is none."""
    if shape or not len(values):
        return None
    return float(medians(values.reshape(-1, R)[-1])) if R > 1 else float(values[-1])


def _median(values: NDArray[Any], R: int) -> float:
    """Return the median over replicas; for a single run its value, with its own type."""
    return float(medians(values)) if R > 1 else values.item()
