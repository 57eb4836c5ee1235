"""One file of all runs of a sweep, with a dimension for all that varies.

Columns are virtual, HDF5's view into the files of the runs, or copied. HDF5 reads a source that
is not there as if it held nothing but fill values, so that each is looked at before.
"""

from __future__ import annotations

import math
import os

import h5py
import numpy as np

from scbsim.errors import OutputError, RunFailed
from scbsim.files.atomic import atomic_write
from scbsim.files.hdf5 import written
from scbsim.files.paths import resolved
from scbsim.files.space import LEAST_ROOM
from scbsim.observables import NAMES, OBSERVABLES, STATUS, STATUS_CODE
from scbsim.storage.reader import opened
from scbsim.storage.schema import TRAJECTORY
from scbsim.storage.text import put_text
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.members import Member, Shape, members_of, shape_of
from scbsim.sweep.netcdf import Frame
from scbsim.sweep.states import FINISHED, RunState, states

FORMAT = "scbsim-collection"
SCHEMA_VERSION = "1.0"

MISSING = -1
"""The status, in the file, of a run that was not begun."""

_CODES = {**STATUS_CODE, "interrupted": STATUS_CODE["running"]}
_NAMED = 10


def collect(
    folder: SweepFolder,
    output: str | os.PathLike[str],
    *,
    copy: bool = False,
    partial: bool = False,
    overwrite: bool = False,
) -> list[RunState]:
    """Write one file of all runs.

    Parameters
    ----------
    folder : SweepFolder
    output : path
    copy : bool
        Copy what the runs recorded; the file then needs no other.
    partial : bool
        Leave runs that are not finished as NaN, with their status.
    overwrite : bool
        Replace ``output`` if it exists, once the new file stands.

    Returns
    -------
    list of RunState
        Those that were left out.

    Raises
    ------
    OutputError
        If runs are missing or not finished, and ``partial`` is not set; if ``output`` exists.
    """
    output = resolved(output)
    if output.exists() and not overwrite:
        raise OutputError(f"{output} exists: give another path, or --overwrite to replace it")
    found = states(folder)
    left_out = [each for each in found if each.state not in FINISHED]
    if left_out and not partial:
        named = [f"{each.run.name} ({each.state})" for each in left_out[:_NAMED]]
        more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
        raise OutputError(
            f"{len(left_out)} of {len(found)} runs are not finished: {', '.join(named)}{more}. "
            "--partial collects without them"
        )
    members = members_of(folder, [each.run for each in found if each.state in FINISHED])
    if not members:
        raise OutputError(f"{folder.path} has no finished run to collect")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(output) as making, written(making.name, _room(members, copy)) as file:
            _write(file, folder, found, members, str(output.parent), copy)
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise OutputError(f"{output} cannot be written: {error.strerror}") from None
    except OSError as error:
        raise RunFailed(
            f"{output} could not be written ({error.strerror}): nothing is left of it; once the "
            "cause is mended, run the same line again"
        ) from error
    return left_out


def _room(members: list[Member], copy: bool) -> int:
    """Return the bytes that the file of all runs needs, at the least."""
    columns = 1 + len(OBSERVABLES)
    rows = sum(member.rows * math.prod(member.full[1:]) for member in members) if copy else 0
    return rows * columns * 8 + LEAST_ROOM


def _write(
    file: h5py.File,
    folder: SweepFolder,
    found: list[RunState],
    members: list[Member],
    beside: str,
    copy: bool,
) -> None:
    put_text(file.attrs, format=FORMAT, schema_version=SCHEMA_VERSION, sweep=folder.sweep.to_json())
    shape = shape_of(members)
    frame = Frame(file, folder.sweep.dimensions)
    _facts(frame, folder, found, members, beside)
    along = _axes(frame, shape, members)
    for name, kind, fill, said in (
        ("stage", np.int64, -1, {"long_name": "stage, from 0; -1 where there is no row"}),
        *(
            (o.name, np.float64, np.nan, {"long_name": o.long_name, "units": "1"})
            for o in OBSERVABLES
        ),
    ):
        full = (*frame.shape, shape.rows, *((shape.replicas,) if shape.replicas else ()))
        if copy:
            frame.add(name, along, np.dtype(kind), full, fill, said)
            _copy(file[name], name, members)
        else:
            layout = h5py.VirtualLayout(full, np.dtype(kind))
            _link(layout, name, members, beside)
            file.create_virtual_dataset(name, layout, fillvalue=fill)
            frame.describe(name, along, said)
    _normalized(frame, shape, members)


def _facts(
    frame: Frame,
    folder: SweepFolder,
    found: list[RunState],
    members: list[Member],
    beside: str,
) -> None:
    """Write what there is one of for each run: its status, its file, numbers of its task."""
    meaning = {MISSING: "missing", **STATUS}
    codes = np.full(frame.shape, MISSING, np.int64)
    paths = np.full(frame.shape, "", object)
    for each in found:
        codes[each.run.index] = _CODES.get(each.state, MISSING)
        paths[each.run.index] = os.path.relpath(os.path.realpath(folder.output(each.run)), beside)
    said = {"long_name": "how each run ended", "flag_meanings": " ".join(meaning.values())}
    frame.put("status", (), codes, said, flag_values=np.array(list(meaning), np.int64))
    frame.put("file", (), paths, {"long_name": "file of each run, from the folder of this one"})
    for name in ("N", "T", "Q", "K_P", "K_Q"):
        values = np.full(frame.shape, np.nan)
        for member in members:
            values[member.run.index] = member.numbers[name]
        frame.put(f"task_{name}", (), values, {"long_name": f"{name} of the task"})


def _axes(frame: Frame, shape: Shape, members: list[Member]) -> tuple[str, ...]:
    """Write the dimensions within a run; return their names."""
    if shape.steps is not None:
        row = "step"
        frame.scale(row, shape.steps, {"long_name": "steps taken"})
    else:
        row = "row"
        frame.scale(row, np.arange(shape.rows), {"long_name": "recorded row"})
        steps = np.full((*frame.shape, shape.rows), -1, np.int64)
        for member in members:
            steps[member.run.index][: member.rows] = member.steps
        frame.put("step", (row,), steps, {"long_name": "steps taken; -1 where there is no row"})
    if not shape.replicas:
        return (row,)
    frame.scale("replica", shape.streams, {"long_name": "index of the noise stream"})
    return (row, "replica")


def _normalized(frame: Frame, shape: Shape, members: list[Member]) -> None:
    """Write the observables of the normalised matrices; the last that counts is of the end."""
    inner = (shape.normalizations, *((shape.replicas,) if shape.replicas else ()))
    along = ("normalization", *(("replica",) if shape.replicas else ()))
    frame.scale("normalization", np.arange(shape.normalizations), {})
    for name in ("step", "stage", "count", *NAMES):
        counts = name not in NAMES
        values = np.full((*frame.shape, *inner), -1 if counts else np.nan)
        for member in members:
            table = member.normalized[name]
            if shape.replicas and table.ndim == 1:
                table = table[:, None]
            values[member.run.index][tuple(slice(n) for n in table.shape)] = table
        values = values.astype(np.int64) if counts else values
        frame.put(f"normalized_{name}", along, values, {})


def _copy(data: h5py.Dataset, name: str, members: list[Member]) -> None:
    for member in members:
        with opened(member.path) as file:
            column = file[TRAJECTORY][name][: member.rows]
        within = member.within(data.ndim)
        data[(*member.run.index, *within)] = column


def _link(layout: h5py.VirtualLayout, name: str, members: list[Member], beside: str) -> None:
    for member in members:
        # HDF5 takes a name from the folder of the file that has it; % begins a pattern in one.
        path = os.path.relpath(os.path.realpath(member.path), beside).replace("%", "%%")
        source = h5py.VirtualSource(path, f"{TRAJECTORY}/{name}", shape=member.full)
        layout[(*member.run.index, *member.within(len(layout.shape)))] = source[: member.rows]
