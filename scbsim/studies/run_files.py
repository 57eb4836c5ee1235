"""Runs that a figure needs: taken from their files where they are complete, made where not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scbsim.errors import OutputError, Stopped
from scbsim.spec.difference import but_longer, differences
from scbsim.trajectory.views import spec_table_of

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.spec import RunSpec

Tell = Callable[[str], None]
Stop = Callable[[], bool]


def obtain(
    spec: RunSpec,
    path: Path,
    *,
    overwrite: bool = False,
    threads: int | None = None,
    progress: bool = False,
    tell: Tell = lambda _: None,
    stop: Stop | None = None,
) -> xr.Dataset:
    """Return the run of ``spec`` as the file ``path`` has it, made first where it must be.

    Raises
    ------
    OutputError
        If the file holds another run, and ``overwrite`` is not set, or lacks its first rows.
    Stopped
        If ``stop`` said so.
    """
    from scbsim.run.simulate import run_to_file
    from scbsim.storage.checkpoint.file import checkpoint_step
    from scbsim.storage.runfile.loading import load

    there = path.exists()
    if there and not overwrite:
        found = _found(spec, path)
        if found.run is not None:
            tell(f"{path} is finished: kept")
            return _with_all_rows(found.run, path)
        if found.first:
            tell(f"{path} has the first {found.first} steps: goes on with them")
        else:
            tell(f"{path} is partial: resumed")
    ended = run_to_file(
        spec,
        path,
        overwrite=overwrite,
        resume=not overwrite,
        progress=progress,
        threads=threads,
        stop=stop,
    )
    if ended.status == "stopped":
        raise Stopped(
            f"stopped on a signal at step {checkpoint_step(path)} of {path}; "
            "the same line again keeps the finished files and goes on"
        )
    return _with_all_rows(load(path), path)


def _with_all_rows(run: xr.Dataset, path: Path) -> xr.Dataset:
    """Return a run, unless the file lacks its first rows."""
    from scbsim.storage.runfile.lacking import lacking_in_words

    lacks = run.attrs.get("lacks_steps_before", 0)
    if lacks:
        raise OutputError(
            f"{path} {lacking_in_words(lacks)}, and a picture without them would be another one. "
            "--overwrite makes the run again"
        )
    return run


class _Found(NamedTuple):
    """What a file has of a run: all of it, or perhaps the end of a shorter one."""

    run: xr.Dataset | None
    first: int = 0


def finished(spec: RunSpec, path: Path) -> xr.Dataset | None:
    """Return the run that a file holds, or None if it ends before its spec does.

    Raises
    ------
    OutputError
        If the run is not that of ``spec``, with the keys that differ.
    """
    return _found(spec, path).run


def holds(spec: RunSpec, path: Path) -> bool:
    """Return whether a file holds a run of just this spec, finished or not."""
    from scbsim.errors import ScbsimError
    from scbsim.storage.runfile.status import run_status

    try:
        return path.exists() and json.loads(run_status(path).spec) == json.loads(spec.to_json())
    except ScbsimError:
        # What is wrong with it is said where it is used.
        return False


def _found(spec: RunSpec, path: Path) -> _Found:
    from scbsim.storage.runfile.loading import load

    found = load(path)
    longer, differ = but_longer(json.loads(spec.to_json()), spec_table_of(found))
    if longer and "replica" in found.dims:
        # The replicas of an ensemble keep no state to go on from.
        differ = differences(json.loads(spec.to_json()), spec_table_of(found))
    if json.loads(found.attrs["provenance"]).get("task") == "given":
        differ.append("its task was given, and is not that of its spec")
    if differ:
        raise OutputError(
            f"{path} holds another run: {'; '.join(differ)}. "
            "--overwrite replaces it, -o goes elsewhere"
        )
    status = found.attrs["status"]
    if status == "diverged" or (status == "complete" and not longer):
        return _Found(found)
    return _Found(None, int(found["step"].values[-1]) if status == "complete" else 0)
