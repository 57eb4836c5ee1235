"""Reading the file of an ensemble, finished or still being written."""

from __future__ import annotations

import json
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES, STATUS
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.runfile.schema import NORMALIZED, STAGES, TRAJECTORY
from scbsim.trajectory.ensemble import EnsembleTables
from scbsim.trajectory.single import REASONS
from scbsim.util.quantiles import medians

_ENDED = ("complete", "diverged")


def is_ensemble(file: h5py.File) -> bool:
    """Return whether a file is that of an ensemble."""
    return "replica" in file[TRAJECTORY]


def read_tables(file: h5py.File) -> EnsembleTables:
    """Return the tables, and the status of each replica, as far as they are written.

    To be read before the rows: a replica is only said to have ended when its rows count.
    """
    spec = json.loads(text(file.attrs, "spec"))
    tables = EnsembleTables(
        len(file[TRAJECTORY]["replica"]), ["normalize_level" in stage for stage in spec["stage"]]
    )
    tables.status[:] = file[TRAJECTORY]["replica_status"][:]
    # Steps were written last, and come first here.
    for name in tables.normalized:
        tables.normalized[name][:] = file[NORMALIZED][name][:]
    for name in tables.stages:
        tables.stages[name][:] = file[STAGES][name][:]
    return tables


def describe_ensemble(file: h5py.File, tables: EnsembleTables, n: int) -> dict[str, Any]:
    """Return what the replicas last came to: counts, and medians of what each has."""
    words = [STATUS[code] for code in tables.status.tolist()]
    last = medians(_last(file[TRAJECTORY], tables, n)).tolist() if n else []
    return {
        "replicas": len(words),
        "replica_status": {name: words.count(name) for name in dict.fromkeys(words)},
        "last": dict(zip(NAMES, last, strict=False)),
        "normalized": _normalized(tables),
        "stages": [
            stage for i in range(len(tables.stages["reason"])) for stage in _ends(tables, i)
        ],
    }


def _last(group: h5py.Group, tables: EnsembleTables, n: int) -> NDArray[np.float64]:
    """Return the last row of each replica, (R, 9)."""
    R = len(tables.status)
    at = np.full(R, n - 1)
    ended = np.isin(tables.status, [code for code, name in STATUS.items() if name in _ENDED])
    ends = tables.stages["end_step"].max(axis=0)
    at[ended] = np.minimum(np.searchsorted(group["step"][:n], ends[ended]), n - 1)
    rows, where = np.unique(at, return_inverse=True)
    return np.stack([group[name][rows][where, np.arange(R)] for name in NAMES], axis=1)


def _normalized(tables: EnsembleTables) -> dict[str, Any] | None:
    """Return medians over the last normalisation of each replica that had any."""
    steps = tables.normalized["step"]
    there = np.flatnonzero((steps >= 0).any(axis=0))
    if not len(there):
        return None
    at = len(steps) - 1 - np.argmax(steps[::-1, there] >= 0, axis=0)
    return {name: float(medians(table[at, there])) for name, table in tables.normalized.items()} | {
        "replicas": len(there)
    }


def _ends(tables: EnsembleTables, stage: int) -> list[dict[str, Any]]:
    """Return how a stage ended, if it did in any replica."""
    steps, reasons = (tables.stages[name][stage] for name in ("end_step", "reason"))
    there = steps >= 0
    if not there.any():
        return []
    found = {name: int((reasons[there] == i).sum()) for i, name in enumerate(REASONS)}
    why = ", ".join(f"{count} {name}" for name, count in found.items() if count)
    return [{"stage": stage, "step": float(medians(steps[there])), "reason": why}]
