"""Reading the small tables of a run's file, finished or still being written."""

from __future__ import annotations

import json
from collections.abc import Collection

import h5py

from scbsim.observables import LONG_NAMES, NAMES
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.runfile.schema import NORMALIZED, STAGES, TRAJECTORY
from scbsim.trajectory.tables import COUNTS, Tables


def is_ensemble(file: h5py.File) -> bool:
    """Return whether a file holds an ensemble: whether it has the dimension ``replica``."""
    return "replica" in file[TRAJECTORY]


def observables_of(file: h5py.File) -> dict[str, str]:
    """Return the observables that a file has, with their descriptions, known ones first.

    Each should be both in `/trajectory` and in `/normalized`; if not, the file is damaged.
    """
    group = file[TRAJECTORY]
    along = {name for name in group if group[name].maxshape == group["stage"].maxshape}
    found = (along | set(file[NORMALIZED])) - {"step", *COUNTS}
    others = sorted(found - set(NAMES))
    return {
        **{name: long_name for name, long_name in LONG_NAMES.items() if name in found},
        **{name: text(group[name].attrs, "long_name") for name in others},
    }


def read_tables(file: h5py.File, observables: Collection[str]) -> Tables:
    """Return the tables of observables, and the status of each replica, as far as they are written.

    Call this before the rows are read: a replica has ended on file only after its rows count.
    """
    names = tuple(observables)
    if not is_ensemble(file):
        return _read_lists(file, names)
    spec = json.loads(text(file.attrs, "spec"))
    normalizes = ["normalize_level" in stage for stage in spec["stage"]]
    tables = Tables(len(file[TRAJECTORY]["replica"]), normalizes, observables=names)
    tables.status[:] = file[TRAJECTORY]["replica_status"][:]
    # The steps commit the data: they are written last and read first.
    for name in tables.normalized:
        tables.normalized[name][:] = file[NORMALIZED][name][:]
    for name in tables.stages:
        tables.stages[name][:] = file[STAGES][name][:]
    return tables


def _read_lists(file: h5py.File, names: tuple[str, ...]) -> Tables:
    """Return the tables of a single run, whose file has lists in place of columns by replica."""
    group = file[STAGES]
    # An entry that is being written may lack some columns.
    n = min(len(group[name]) for name in ("stage", "end_step", "reason"))
    stages = group["stage"][:n]
    tables = Tables(1, [False] * (int(stages.max(initial=-1)) + 1), observables=names)
    for name, table in tables.stages.items():
        table[stages, 0] = group[name][:n]
    group = file[NORMALIZED]
    n = min(len(column) for column in group.values())
    for name, table in tables.normalized.items():
        tables.normalized[name] = group[name][:n].astype(table.dtype)[:, None]
    tables.status[0] = file[TRAJECTORY]["status"][()]
    return tables
