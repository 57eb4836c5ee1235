"""Tasks in HDF5 files: a task file of one's own, or the ``/task`` of a run's output."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from scbsim.errors import Fault, OutputError, TaskError

NAMES = ("mu", "P", "q_positions", "q_weights", "T")


def read_arrays(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the arrays of a task from an HDF5 file.

    Parameters
    ----------
    path : path
        The file. ``mu``, ``P``, ``q_positions``, ``q_weights`` and ``T`` are datasets at its root,
        or in its group ``/task``; ``T`` may be an attribute there.

    Returns
    -------
    dict
        The arguments of :meth:`scbsim.Task.from_arrays`.

    Raises
    ------
    OutputError
        If there is no such file, or it cannot be read as HDF5.
    TaskError
        If something that a task needs is not in it.
    """
    import h5py

    path = Path(path)
    if not path.is_file():
        raise OutputError(f"{path}: no such file; a task is read from an HDF5 file")
    try:
        with h5py.File(path, "r") as file:
            group = file["task"] if isinstance(file.get("task"), h5py.Group) else file
            found = {name: _value(group, name, h5py.Dataset) for name in NAMES}
    except OSError as error:
        raise OutputError(f"{path}: cannot be read as HDF5 ({error})") from error
    missing = [Fault(name, "not in the file") for name in NAMES if found[name] is None]
    if missing:
        raise TaskError(missing, where=f"the task in {path}")
    return found


def _value(group: Any, name: str, dataset: type) -> Any:
    if isinstance(group.get(name), dataset):
        return group[name][()]
    return group.attrs.get(name) if name == "T" else None
