"""Finding out the format of a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import h5py

from scbsim.errors import OutputError, ScbsimError
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.hdf5.formats import CHECKPOINT, COMPARISON, KINDS, SHARD, TASK_FILE, is_task
from scbsim.storage.runfile.reader import opened_as

_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_OF_A_COMPARISON: Final = {"model", "gaussian", "largest_gap"}


def kind_of(path: str | os.PathLike[str]) -> str:
    """Return the format of a file, a key of :data:`scbsim.storage.hdf5.formats.KINDS`.

    Raises
    ------
    OutputError
        If there is no such file, or scbsim did not write it.
    RunFailed
        If the system could not read it.
    """
    path = Path(path)
    with opened_as(path, (), views=True) as file:
        found = text(file.attrs, "format") if "format" in file.attrs else _unnamed(path, file)
    if found not in KINDS:
        raise OutputError(f"{path} is an HDF5 file, but not an output of scbsim")
    return found


def _unnamed(path: Path, file: h5py.File) -> str:
    """Return the format of a file without the attribute: a shard, a task, an older comparison."""
    names = set(file)
    if names == {"bulk"} and ".ckpt.g" in path.name:
        return SHARD
    if is_task(file):
        return TASK_FILE
    return COMPARISON if names >= _OF_A_COMPARISON else ""


def files_in(folder: Path) -> dict[Path, str]:
    """Return the files of scbsim in a folder and its subfolders, with their formats.

    Checkpoints are left out.
    """
    found = {}
    for path in sorted(each for glob in ("*", "*/*") for each in folder.glob(glob)):
        if path.is_file() and _is_hdf5(path):
            try:
                found[path] = kind_of(path)
            except ScbsimError:
                continue
    return {path: kind for path, kind in found.items() if kind not in (CHECKPOINT, SHARD)}


def _is_hdf5(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE
    except OSError:
        return False
