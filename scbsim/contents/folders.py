"""Descriptions of folders: a sweep, or the files of a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from scbsim.contents.kinds import files_in
from scbsim.errors import OutputError, ScbsimError
from scbsim.storage.hdf5.formats import FORMAT
from scbsim.storage.runfile.status import run_status

MAIN: Final = ("phase.h5", "boundary.h5", "compare.h5")
"""Main files of the folders of ``phase``, ``boundary`` and ``compare``."""

FOLDER: Final = "scbsim-folder"


def is_sweep(folder: Path) -> bool:
    """Return whether a folder is that of a sweep."""
    from scbsim.sweep.folder import MANIFEST

    return (folder / MANIFEST).exists()


def describe_folder(folder: Path) -> dict[str, Any]:
    """Return a description of a folder, in types of JSON; raise OutputError if it is empty."""
    if is_sweep(folder):
        return _describe_sweep(folder)
    return {"path": str(folder), "format": FOLDER, "files": listed(folder)}


def listed(folder: Path) -> list[dict[str, Any]]:
    """Return the format of each file in a folder, with the state of each run.

    Raise OutputError if there is no file of scbsim.
    """
    found = files_in(folder)
    if not found:
        raise OutputError(f"{folder} is a folder without files of scbsim's")
    return [
        {"file": str(path.relative_to(folder)), "format": kind, **_run(path, kind)}
        for path, kind in found.items()
    ]


def _run(path: Path, kind: str) -> dict[str, Any]:
    if kind != FORMAT:
        return {}
    try:
        found = run_status(path)
    except ScbsimError as error:
        return {"status": "unreadable", "note": str(error)}
    words = "interrupted" if found.status == "running" and found.writer is None else found.status
    return {"status": words, "step": found.step}


def _describe_sweep(folder: Path) -> dict[str, Any]:
    from scbsim.sweep.folder import FORMAT as SWEEP
    from scbsim.sweep.folder import SweepFolder
    from scbsim.sweep.states import states

    there = SweepFolder.open(folder)
    names = [each.state for each in states(there)]
    return {
        "path": str(folder),
        "format": SWEEP,
        "runs": len(names),
        "run_status": {name: names.count(name) for name in dict.fromkeys(names)},
        "dimensions": {
            key: {
                "size": len(dimension.values),
                "first": dimension.values[0][i],
                "last": dimension.values[-1][i],
            }
            for dimension in there.sweep.dimensions
            for i, key in enumerate(dimension.keys)
        },
    }
