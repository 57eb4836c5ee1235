"""Loading the trajectory of a run from its file, at once or lazily."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py

from scbsim.errors import RunWarning, warn_caller
from scbsim.storage.hdf5.attributes import table, text
from scbsim.storage.runfile.lacking import lacking_in_words, lacks_steps_before
from scbsim.storage.runfile.observed import read_observed
from scbsim.storage.runfile.reader import (
    Damaged,
    checked_progress,
    diagnosis_of,
    numbers_of,
    opened,
)
from scbsim.storage.runfile.schema import LACKS, TRAJECTORY
from scbsim.storage.runfile.tables import is_ensemble, observables_of, read_tables
from scbsim.trajectory.dataset import Trajectory, assemble
from scbsim.util.text import counted


def load(path: str | os.PathLike[str], *, lazy: bool = False) -> Trajectory:
    """Load the committed rows of a run's trajectory from its file.

    Parameters
    ----------
    path : path of an output file
        Finished, or still being written.
    lazy : bool
        Read only the used parts of the columns, when they are used; steps are read at once. The
        dataset then needs the file until its method ``load`` is called.

    Returns
    -------
    xarray.Dataset
        As :func:`scbsim.simulate` returns it. If its first rows were lost, a `RunWarning` and the
        attribute ``lacks_steps_before`` say so.

    Raises
    ------
    OutputError
        If there is no such file, or it is not one of scbsim's.
    """
    found = load_quietly(path, lazy=lazy)
    if found.attrs.get(LACKS):
        warn_caller(f"{path} {lacking_in_words(found.attrs[LACKS])}", RunWarning)
    return found


def load_quietly(path: str | os.PathLike[str], *, lazy: bool = False) -> Trajectory:
    """Load as :func:`load` does, without the warning."""
    with opened(path) as file:
        attributes: dict[str, Any] = dict(numbers_of(file))
        attributes["engine"] = table(file.attrs, "provenance")["engine"]
        for name in ("spec", "provenance", "run_uuid", "created_utc"):
            attributes[name] = text(file.attrs, name)
        group = file[TRAJECTORY]
        if diagnosis := diagnosis_of(group):
            attributes["diagnosis"] = diagnosis
        status, n = checked_progress(group)
        observables = observables_of(file)
        tables = read_tables(file, observables)
        first = 0
        if is_ensemble(file):
            _, n = checked_progress(group)
            first = int(group["replica"][0])
        columns = _columns(path, file, ("stage", *observables), n, lazy)
        own = read_observed(file)
        found = assemble(first, observables, columns, tables, status, attributes, own)
        # Last: a dataset that is read before the rows are counted may be older than the count.
        if lacks := lacks_steps_before(file):
            found.attrs[LACKS] = lacks
        found.encoding["source"] = os.path.abspath(path)
        return found


def _columns(
    path: str | os.PathLike[str], file: h5py.File, names: tuple[str, ...], rows: int, lazy: bool
) -> dict[str, Any]:
    """Return the first ``rows`` rows of the steps and of other columns, with replicas first."""
    group = file[TRAJECTORY]
    for name in ("step", *names):
        if len(group[name]) < rows:
            raise Damaged(f"{path} cannot be read: {name} is short of {counted(rows, 'row')}")
    if lazy:
        from scbsim.storage.runfile.lazy import lazy_column

        where = Path(path).absolute()
        columns = {name: lazy_column(where, file, name, rows) for name in names}
    else:
        columns = {name: group[name][:rows].T for name in names}
    return {"step": group["step"][:rows], **columns}
