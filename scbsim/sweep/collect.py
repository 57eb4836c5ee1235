"""One file of all runs of a sweep, with a dimension for all that varies."""

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
from scbsim.storage.collection import MEANING, MISSING
from scbsim.storage.hdf5.attributes import put_text
from scbsim.storage.hdf5.formats import COLLECTION, VERSIONS
from scbsim.storage.hdf5.write import written
from scbsim.storage.runfile.schema import LACKS
from scbsim.storage.runfile.status import RunStatus
from scbsim.sweep import columns
from scbsim.sweep.columns import Column, Copies
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.members import NUMBERS, Look, Member, Survey
from scbsim.sweep.netcdf import Frame
from scbsim.sweep.states import FINISHED, RunState, state_of
from scbsim.util.atomic import atomic_write
from scbsim.util.disk_space import LEAST_ROOM
from scbsim.util.paths import resolved

MOST_LINKED = 1024 - 256
"""Runs in a file of links. HDF5 opens the file of each and keeps it open, most systems let a
process have 1,024 files, and a reader has others; beyond that HDF5 gives NaN without a word."""

_CODES = {**STATUS_CODE, "interrupted": STATUS_CODE["running"]}
_NAMED = 10


def collect(
    folder: SweepFolder,
    output: str | os.PathLike[str],
    *,
    copy: bool | None = None,
    link: bool = False,
    partial: bool = False,
    overwrite: bool = False,
) -> list[RunState]:
    """Write one file of all runs.

    Parameters
    ----------
    folder : SweepFolder
    output : path
    copy : bool, optional
        Copy what the runs recorded, so that the file needs no other: the opposite of ``link``.
    link : bool
        Let the columns be a view of the files of the runs. Other programs than scbsim read NaN
        where one of those is gone.
    partial : bool
        Leave runs that are not finished, or cannot be read, as NaN, with their status.
    overwrite : bool
        Replace ``output`` if it exists, once the new file stands.

    Returns
    -------
    list of RunState
        Those that were left out, with the reason.

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
        If finished runs lack their first rows.
    """
    if copy is not None:
        if copy and link:
            raise InputError("copy and link exclude each other")
        link = not copy
    output = resolved(output)
    if output.exists() and not overwrite:
        raise OutputError(f"{output} exists: give another path, or --overwrite to replace it")
    if output.is_dir():
        raise OutputError(f"{output} is a folder, where a file is to be written")
    found, survey = _surveyed(folder, link)
    _require_finished(found, partial)
    if not survey.members:
        raise OutputError(f"{folder.path} has no finished run to collect")
    _warn_of_lacking(survey.members)
    if link and len(survey.members) > MOST_LINKED:
        raise InputError(
            f"{len(survey.members)} runs cannot be linked, {MOST_LINKED} at the most: HDF5 opens "
            "a file for each, and gives NaN for those that the system does not let it open. "
            "Without --link they are copied"
        )
    paths = _paths(folder, output)
    if link and any(_in_text(path) != path for path in paths.values()):
        raise InputError(
            f"{os.fsencode(folder.path)!r} cannot be linked to: names of files are kept as UTF-8, "
            "and this is none. Without --link the runs are copied"
        )
    copied, linked = _columns(survey, link)
    with _made(output, _room(folder, survey, copied)) as file:
        put_text(
            file.attrs,
            format=COLLECTION,
            schema_version=VERSIONS[COLLECTION],
            code_version=__version__,
            sweep=folder.sweep.to_json(),
        )
        frame = Frame(file, folder.sweep.dimensions)
        _axes(frame, survey)
        columns.link(frame, linked, survey.members, paths)
        found = _copied(Copies(frame, copied), found, survey.members)
        _require_finished(found, partial)
        _facts(frame, found, survey.members, paths)
    return [each for each in found if each.state not in FINISHED]


def _warn_of_lacking(members: Sequence[Member]) -> None:
    lacking = [each for each in members if each.lacks_steps_before]
    if not lacking:
        return
    named = [f"{each.run.name} before step {each.lacks_steps_before}" for each in lacking[:_NAMED]]
    more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
    warnings.warn(
        f"{len(lacking)} of {len(members)} runs lack their first rows, which were in a file that "
        f"was damaged: {', '.join(named)}{more}. {LACKS} in the collection says so of each",
        RunWarning,
        stacklevel=3,
    )


def _surveyed(folder: SweepFolder, link: bool) -> tuple[list[RunState], Survey]:
    """Look at all runs, at each finished one as far as it is to be collected."""
    survey, judged, begun = Survey(_kinds(link)), [], folder.begun()
    seen: list[Look] = []

    def look(run: SweepRun, file: h5py.File, found: RunStatus) -> None:
        if found.status in FINISHED:
            seen[:] = [survey.look(run, folder.output(run), file)]

    for run in folder.sweep.runs:
        seen.clear()
        each = state_of(folder, run, begun=run.name in begun, more=partial(look, run))
        if each.state in FINISHED:
            survey.add(*seen)
        judged.append(each)
    return judged, survey


def _kinds(link: bool) -> dict[str, type[np.generic]]:
    """Return what is read of each run: the columns that are copied, and the steps."""
    small = [columns.steps("row", 0), *columns.normalized((), ())]
    large = [] if link else columns.trajectory((), ())
    return {each.source: each.kind for each in [*small, *large]}


def _unreadable(state: RunState, error: ScbsimError | None) -> RunState:
    return replace(state, state="failed", note=str(error)) if error else state


def _require_finished(found: Sequence[RunState], partial: bool) -> None:
    left_out = [each for each in found if each.state not in FINISHED]
    if left_out and not partial:
        named = [f"{each.run.name} ({each.state})" for each in left_out[:_NAMED]]
        more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
        raise OutputError(
            f"{len(left_out)} of {len(found)} runs are not finished: {', '.join(named)}{more}. "
            f"--partial collects without them{_first_reason(left_out)}"
        )


def _first_reason(left_out: Sequence[RunState]) -> str:
    reasons = (f". {each.run.name}: {each.note}" for each in left_out if each.note)
    return next(reasons, "")


def _columns(survey: Survey, link: bool) -> tuple[list[Column], list[Column]]:
    """Return the columns that are copied, and those that are linked."""
    axis = ("replica",) if survey.replicas else ()
    size = (survey.replicas,) if survey.replicas else ()
    row = "step" if survey.steps is not None else "row"
    small = columns.normalized(("normalization", *axis), (survey.normalizations, *size))
    if row == "row":
        small = [columns.steps(row, survey.rows), *small]
    large = columns.trajectory((row, *axis), (survey.rows, *size))
    return (small, large) if link else ([*large, *small], [])


def _room(folder: SweepFolder, survey: Survey, copied: Sequence[Column]) -> int:
    """Return the bytes that the file takes, about."""
    shape = tuple(len(dimension.values) for dimension in folder.sweep.dimensions)
    of_each = 256 * len(folder.sweep.runs)
    return LEAST_ROOM + of_each + sum(each.room(shape, survey.members) for each in copied)


@contextmanager
def _made(output: Path, room: int) -> Iterator[h5py.File]:
    """Give a file to be written, which takes its place once it is whole."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(output) as making, written(making.name, room) as file:
            yield file
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise OutputError(f"{output} cannot be written: {error.strerror}") from None
    except OSError as error:
        raise RunFailed(
            f"{output} could not be written ({error.strerror}): nothing is left of it; once the "
            "cause is mended, run the same line again"
        ) from error


def _axes(frame: Frame, survey: Survey) -> None:
    """Write the dimensions within a run."""
    if survey.steps is None:
        frame.scale("row", np.arange(survey.rows), {"long_name": "recorded row"})
    else:
        frame.scale("step", survey.steps, {"long_name": "steps taken"})
    frame.scale("normalization", np.arange(survey.normalizations), {})
    if survey.replicas:
        frame.scale("replica", survey.streams, {"long_name": "index of the noise stream"})


def _copied(copies: Copies, found: list[RunState], members: Sequence[Member]) -> list[RunState]:
    """Copy what the runs recorded, one after the other; return how each is by then."""
    wrong: dict[str, ScbsimError] = {}
    for member in members:
        try:
            copies.add(member)
        except ScbsimError as error:
            wrong[member.run.name] = error
    copies.finish()
    return [_unreadable(each, wrong.get(each.run.name)) for each in found]


def _paths(folder: SweepFolder, output: Path) -> dict[str, str]:
    """Return the path of each run, from the folder of the file of all."""
    root = os.path.relpath(os.path.realpath(folder.path), os.path.realpath(output.parent))
    inner = {run.name: folder.output(run).relative_to(folder.path) for run in folder.sweep.runs}
    return {name: os.path.join(root, path) for name, path in inner.items()}


def _in_text(path: str) -> str:
    """Return a path as UTF-8; what is none in it is written out."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _facts(
    frame: Frame, found: Sequence[RunState], members: Sequence[Member], paths: Mapping[str, str]
) -> None:
    """Write what there is one of for each run: its status, its file, numbers of its task."""
    codes = np.full(frame.shape, MISSING, np.int64)
    files, uuids = np.full(frame.shape, "", object), np.full(frame.shape, "", object)
    for each in found:
        codes[each.run.index] = _CODES.get(each.state, MISSING)
        files[each.run.index] = _in_text(paths[each.run.name])
    numbers = {name: np.full(frame.shape, np.nan) for name in NUMBERS}
    rows, lacks = np.zeros(frame.shape, np.int64), np.zeros(frame.shape, np.int64)
    for member in members:
        index = member.run.index
        uuids[index], rows[index] = member.uuid, member.rows
        lacks[index] = member.lacks_steps_before
        for name in NUMBERS:
            numbers[name][index] = member.numbers[name]
    said = {"long_name": "how each run ended", "flag_meanings": " ".join(MEANING.values())}
    frame.put("status", (), codes, said, flag_values=np.array(list(MEANING), np.int64))
    frame.put("rows", (), rows, {"long_name": "rows of each run"})
    said = {"long_name": "before which step the rows of each run are lost; 0 where none are"}
    frame.put(LACKS, (), lacks, said)
    frame.put("file", (), files, {"long_name": "file of each run, from the folder of this one"})
    frame.put("run_uuid", (), uuids, {"long_name": "a name that no other run has"})
    for name, values in numbers.items():
        frame.put(f"task_{name}", (), values, {"long_name": f"{name} of the task"})
