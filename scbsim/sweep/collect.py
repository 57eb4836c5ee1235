"""One file of all runs of a sweep, with a dimension for each key that varies."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from scbsim._version import __version__
from scbsim.errors import InputError, OutputError, RunFailed, RunWarning, ScbsimError
from scbsim.observables import STATUS_CODE
from scbsim.spec.sweep import SweepRun
from scbsim.storage.collection import MEANING, MISSING, list_some
from scbsim.storage.hdf5.attributes import put_text
from scbsim.storage.hdf5.formats import COLLECTION, VERSIONS
from scbsim.storage.hdf5.write import written
from scbsim.storage.runfile.schema import LACKS
from scbsim.storage.runfile.status import RunStatus
from scbsim.sweep import columns
from scbsim.sweep.columns import Column, Copies
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.members import NUMBERS, InspectedRun, Member, Survey
from scbsim.sweep.netcdf import Frame
from scbsim.sweep.own_columns import warnings_of
from scbsim.sweep.states import FINISHED, RunState, state_of
from scbsim.util.arguments import switch
from scbsim.util.atomic import atomic_write
from scbsim.util.disk_space import LEAST_ROOM
from scbsim.util.paths import resolved
from scbsim.util.text import counted, share_of

MOST_LINKED = 1024 - 256
"""Most runs in a file of links. HDF5 keeps the file of each run open, and most systems allow 1,024
open files in a process. HDF5 reads runs beyond that as NaN, without an error."""

_CODES = {**STATUS_CODE, "interrupted": STATUS_CODE["running"]}


def collect(
    folder: SweepFolder,
    output: str | os.PathLike[str],
    *,
    copy: bool | None = None,
    link: bool = False,
    partial: bool = False,
    overwrite: bool = False,
) -> list[RunState[SweepRun]]:
    """Write one file of all runs.

    Parameters
    ----------
    folder : SweepFolder
    output : path
    copy : bool, optional
        Copy the columns of the runs, so that the file needs no other: the opposite of ``link``.
    link : bool
        Make the columns a view of the files of the runs. Programs other than scbsim read NaN where
        one of these is missing.
    partial : bool
        Allow runs that are not finished or cannot be read; their values are NaN.
    overwrite : bool
        Replace ``output`` if it exists, once the new file is complete.

    Returns
    -------
    list of RunState
        The runs that were left out, with the reason.

    Raises
    ------
    InputError
        If more than :data:`MOST_LINKED` runs would be linked.
    OutputError
        If runs are missing, not finished or cannot be read, and ``partial`` is not set; if
        ``output`` exists.
    RunFailed
        If it cannot be written.

    Warns
    -----
    RunWarning
        If finished runs without their first rows, or differ in what observables of one's own are.
    """
    if copy and link:
        raise InputError("copy and link exclude each other")
    link = link if copy is None else not copy
    output = resolved(output)
    if output.exists() and not overwrite:
        raise OutputError(
            f"{output} exists: give another path, or {switch('overwrite')} to replace it"
        )
    if output.is_dir():
        raise OutputError(f"{output} is a folder, where a file is to be written")
    found, survey = _survey(folder, link)
    _require_finished(found, partial)
    if not survey.members:
        raise OutputError(f"{folder.path} has no finished run to collect")
    _warn_of_lacking(survey.members)
    for words in warnings_of(survey.own):
        warnings.warn(words, RunWarning, stacklevel=2)
    if link and len(survey.members) > MOST_LINKED:
        raise InputError(
            f"{len(survey.members)} runs cannot be linked, {MOST_LINKED} at the most: HDF5 opens "
            "a file for each, and gives NaN for those that the system does not let it open. "
            f"Without {switch('link')} they are copied"
        )
    paths = _paths(folder, output)
    if link and any(_as_utf8(path) != path for path in paths.values()):
        raise InputError(
            f"{os.fsencode(folder.path)!r} cannot be linked to: names of files are kept as UTF-8, "
            f"and this is not UTF-8. Without {switch('link')} the runs are "
            "copied"
        )
    copied, linked = _columns(survey, link)
    with _written(output, _bytes_needed(folder, survey, copied)) as file:
        put_text(
            file.attrs,
            format=COLLECTION,
            schema_version=VERSIONS[COLLECTION],
            code_version=__version__,
            sweep=folder.sweep.to_json(),
        )
        frame = Frame(file, folder.sweep.dimensions)
        _put_dimensions(frame, survey)
        columns.link(frame, linked, survey.members, paths)
        found = _copy(Copies(frame, copied), found, survey.members)
        _require_finished(found, partial)
        _put_facts(frame, found, survey.members, paths)
    return [each for each in found if each.state not in FINISHED]


def _warn_of_lacking(members: Sequence[Member]) -> None:
    lacking = [each for each in members if each.lacks_steps_before]
    if not lacking:
        return
    named = list_some([f"{m.run.name} before step {m.lacks_steps_before}" for m in lacking])
    warnings.warn(
        f"{len(lacking)} of {counted(len(members), 'run')} without the first rows, which were in a "
        f"file that was damaged: {named}. {LACKS} in the collection gives the step for each run",
        RunWarning,
        stacklevel=3,
    )


def _survey(folder: SweepFolder, link: bool) -> tuple[list[RunState[SweepRun]], Survey]:
    """Return the state of all runs, and the survey of those that are finished."""
    survey, found, begun = Survey(_kinds(link)), [], folder.begun()
    inspected: list[InspectedRun] = []

    def inspect(run: SweepRun, file: h5py.File, status: RunStatus) -> None:
        if status.status in FINISHED:
            inspected[:] = [survey.inspect(run, folder.output(run), file)]

    for run in folder.sweep.runs:
        inspected.clear()
        each = state_of(folder, run, begun=run.name in begun, more=partial(inspect, run))
        if each.state in FINISHED:
            survey.add(*inspected)
        found.append(each)
    return found, survey


def _kinds(link: bool) -> dict[str, type[np.generic]]:
    """Return the columns that are read of each run, and their types."""
    small = [columns.steps("row", 0), *columns.normalized((), ())]
    large = [] if link else columns.trajectory((), (), True)
    return {each.source: each.kind for each in [*small, *large]}


def _require_finished(found: Sequence[RunState[SweepRun]], partial: bool) -> None:
    left_out = [each for each in found if each.state not in FINISHED]
    if left_out and not partial:
        named = list_some([f"{each.run.name} ({each.state})" for each in left_out])
        notes = (f". {each.run.name}: {each.note}" for each in left_out if each.note)
        raise OutputError(
            f"{share_of(len(left_out), len(found), 'run')} not finished: {named}. "
            f"{switch('partial')} collects without them{next(notes, '')}"
        )


def _columns(survey: Survey, link: bool) -> tuple[list[Column], list[Column]]:
    """Return the columns that are copied, and those that are linked."""
    axis = ("replica",) if survey.replicas else ()
    size = (survey.replicas,) if survey.replicas else ()
    row = "step" if survey.steps is not None else "row"
    small = columns.normalized(("normalization", *axis), (survey.normalizations, *size))
    if row == "row":
        small = [columns.steps(row, survey.rows), *small]
    small += columns.observed(survey.own, (row, survey.rows), axis, size)
    large = columns.trajectory((row, *axis), (survey.rows, *size), survey.has_batch_loss)
    return (small, large) if link else ([*large, *small], [])


def _bytes_needed(folder: SweepFolder, survey: Survey, copied: Sequence[Column]) -> int:
    """Return about how many bytes the file takes."""
    shape = tuple(len(dimension.values) for dimension in folder.sweep.dimensions)
    facts = 256 * len(folder.sweep.runs)
    return LEAST_ROOM + facts + sum(each.bytes_needed(shape, survey.members) for each in copied)


@contextmanager
def _written(output: Path, size: int) -> Iterator[h5py.File]:
    """Open a file for writing, which replaces ``output`` once it is complete."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(output) as making, written(making.name, size) as file:
            yield file
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise OutputError(f"{output} cannot be written: {error.strerror}") from None
    except OSError as error:
        raise RunFailed(
            f"{output} could not be written ({error.strerror}): nothing is left of it; once the "
            "cause is fixed, run the same command again"
        ) from error


def _put_dimensions(frame: Frame, survey: Survey) -> None:
    """Write the dimensions within a run."""
    if survey.steps is None:
        frame.scale("row", np.arange(survey.rows), {"long_name": "recorded row"})
    else:
        frame.scale("step", survey.steps, {"long_name": "steps taken"})
    frame.scale("normalization", np.arange(survey.normalizations), {})
    survey.own.put_dimensions(frame)
    if survey.replicas:
        frame.scale("replica", survey.streams, {"long_name": "index of the noise stream"})


def _copy(
    copies: Copies, found: list[RunState[SweepRun]], members: Sequence[Member]
) -> list[RunState[SweepRun]]:
    """Copy the columns of the runs; return the states, where unreadable runs have failed."""
    failed: dict[str, str] = {}
    for member in members:
        try:
            copies.add(member)
        except ScbsimError as error:
            failed[member.run.name] = str(error)
    copies.finish()
    return [
        replace(each, state="failed", note=failed[each.run.name])
        if each.run.name in failed
        else each
        for each in found
    ]


def _paths(folder: SweepFolder, output: Path) -> dict[str, str]:
    """Return the path of each run by name, relative to the folder of ``output``."""
    root = os.path.relpath(os.path.realpath(folder.path), os.path.realpath(output.parent))
    inner = {run.name: folder.output(run).relative_to(folder.path) for run in folder.sweep.runs}
    return {name: os.path.join(root, path) for name, path in inner.items()}


def _as_utf8(path: str) -> str:
    """Return a path as UTF-8, with all other bytes escaped."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _put_facts(
    frame: Frame,
    found: Sequence[RunState[SweepRun]],
    members: Sequence[Member],
    paths: Mapping[str, str],
) -> None:
    """Write one value for each run: its status, its file, numbers of its task."""
    codes = np.full(frame.shape, MISSING, np.int64)
    files, uuids = np.full(frame.shape, "", object), np.full(frame.shape, "", object)
    for each in found:
        codes[each.run.index] = _CODES.get(each.state, MISSING)
        files[each.run.index] = _as_utf8(paths[each.run.name])
    numbers = {name: np.full(frame.shape, np.nan) for name in NUMBERS}
    rows, lacks = np.zeros(frame.shape, np.int64), np.zeros(frame.shape, np.int64)
    for member in members:
        index = member.run.index
        uuids[index], rows[index] = member.uuid, member.rows
        lacks[index] = member.lacks_steps_before
        for name in NUMBERS:
            numbers[name][index] = member.numbers[name]
    meanings = {"flag_meanings": " ".join(MEANING.values())}
    values = np.array(list(MEANING), np.int64)
    frame.put("status", codes, "how each run ended", **meanings, flag_values=values)
    frame.put("rows", rows, "rows of each run")
    frame.put(LACKS, lacks, "before which step the rows of each run are lost; 0 where none are")
    frame.put("file", files, "file of each run, from the folder of this one")
    frame.put("run_uuid", uuids, "a name that no other run has")
    for name, column in numbers.items():
        frame.put(f"task_{name}", column, f"{name} of the task")
