"""Runs that a study needs: read from their files if complete, run or resumed if not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from scbsim.errors import OutputError, ScbsimError, Stopped
from scbsim.spec.difference import but_longer, differences
from scbsim.spec.stored import stored_tables
from scbsim.trajectory.views import spec_table_of
from scbsim.util.arguments import given, switch
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.spec import RunSpec

Stop = Callable[[], bool]


class RunOptions(TypedDict, total=False):
    """How a study makes its runs; each option may be left out.

    Attributes
    ----------
    overwrite : bool
        Run again what is already in the folder.
    threads : int, optional
        Threads to compute with.
    progress : bool
        Show the progress of each run on stderr.
    notify : callable, optional
        Called with a line of text for each file that is kept or resumed.
    stop : callable, optional
        Called between blocks of steps; if it returns True, the current run stops.
    """

    overwrite: bool
    threads: int | None
    progress: bool
    notify: Callable[[str], None] | None
    stop: Stop | None


def obtain(spec: RunSpec, path: Path, **options: Unpack[RunOptions]) -> xr.Dataset:
    """Return the run of ``spec`` from the file ``path``; run or resume it first if needed.

    Raises
    ------
    OutputError
        If the file holds another run, and ``overwrite`` is not set, or if it lacks its first rows.
    Stopped
        If ``stop`` returned True.
    """
    from scbsim.run.simulate import run_to_file
    from scbsim.storage.checkpoint.file import checkpoint_step
    from scbsim.storage.runfile.loading import load

    notify = options.get("notify") or (lambda _: None)
    overwrite = options.get("overwrite", False)
    if path.exists() and not overwrite:
        found, is_shorter = _read(spec, path)
        status = found.attrs["status"]
        last = int(found["step"].values[-1]) if status == "complete" else 0
        if status == "diverged" or (status == "complete" and not is_shorter):
            notify(f"{path} is finished: kept")
            return _require_first_rows(found, path)
        if last:
            notify(f"{path} has the first {counted(last, 'step')}: goes on with them")
        else:
            notify(f"{path} is partial: resumed")
    ended = run_to_file(
        spec,
        path,
        overwrite=overwrite,
        resume=not overwrite,
        progress=options.get("progress", False),
        threads=options.get("threads"),
        stop=options.get("stop"),
    )
    if ended.status == "stopped":
        raise Stopped(
            f"stopped on a signal at step {checkpoint_step(path)} of {path}; "
            "the same command again keeps the finished files and goes on"
        )
    return _require_first_rows(load(path), path)


def _require_first_rows(run: xr.Dataset, path: Path) -> xr.Dataset:
    """Return the run; raise an error if its file lacks the first rows."""
    from scbsim.storage.runfile.lacking import lacking_in_words

    lacks = run.attrs.get("lacks_steps_before", 0)
    if lacks:
        raise OutputError(
            f"{path} {lacking_in_words(lacks)}, so its picture would be incomplete. "
            f"{switch('overwrite')} makes the run again"
        )
    return run


def holds(spec: RunSpec, path: Path) -> bool:
    """Return whether a file holds a run of exactly this spec, finished or not."""
    from scbsim.storage.runfile.status import run_status

    try:
        return path.exists() and stored_tables(run_status(path).spec) == json.loads(spec.to_json())
    except ScbsimError:
        # The error is reported when the file is used.
        return False


def _read(spec: RunSpec, path: Path) -> tuple[xr.Dataset, bool]:
    """Return the run in a file, and whether ``spec`` extends it by more steps.

    Raises
    ------
    OutputError
        If the file holds another run; the message has the keys that differ.
    """
    from scbsim.storage.runfile.loading import load

    found = load(path)
    wanted, table = json.loads(spec.to_json()), spec_table_of(found)
    longer, differ = but_longer(wanted, table)
    if longer and "replica" in found.dims:
        # Replicas of an ensemble keep no last state, so the run cannot be extended.
        differ = differences(wanted, table)
    if json.loads(found.attrs["provenance"]).get("task") == "given":
        differ.append("its task was given, and is not that of its spec")
    if differ:
        raise OutputError(
            f"{path} holds another run: {'; '.join(differ)}. "
            f"{switch('overwrite')} replaces it, {given('output')} writes elsewhere"
        )
    return found, bool(longer)
