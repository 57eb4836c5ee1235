"""Runs that a figure needs: taken from their files where they are complete, made where not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from scbsim.errors import OutputError, Stopped
from scbsim.spec.difference import differences

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.spec import RunSpec

Tell = Callable[[str], None]
Stop = Callable[[], bool]

FINISHED = frozenset({"complete", "diverged"})


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
    from scbsim.simulation import run_to_file
    from scbsim.storage.checkpoint import checkpoint_step
    from scbsim.storage.loading import load

    there = path.exists()
    if there and not overwrite:
        found = finished(spec, path)
        if found is not None:
            tell(f"{path} is finished: kept")
            return _with_all_rows(found, path)
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
    from scbsim.storage.lacking import lacking_in_words

    lacks = run.attrs.get("lacks_steps_before", 0)
    if lacks:
        raise OutputError(
            f"{path} {lacking_in_words(lacks)}, and a picture without them would be another one. "
            "--overwrite makes the run again"
        )
    return run


def finished(spec: RunSpec, path: Path) -> xr.Dataset | None:
    """Return the run that a file holds, or None if it ends before its spec does.

    Raises
    ------
    OutputError
        If the run is not that of ``spec``, with the keys that differ.
    """
    from scbsim.storage.loading import load

    found = load(path)
    differ = differences(json.loads(spec.to_json()), json.loads(found.attrs["spec"]))
    if json.loads(found.attrs["provenance"]).get("task") == "given":
        differ.append("its task was given, and is not that of its spec")
    if differ:
        raise OutputError(
            f"{path} holds another run: {'; '.join(differ)}. "
            "--overwrite replaces it, -o goes elsewhere"
        )
    return found if found.attrs["status"] in FINISHED else None
