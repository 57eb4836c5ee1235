"""Tasks in HDF5 files: a task file of one's own, or the ``/task`` of a run's output."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from scbsim.errors import Fault, OutputError, TaskError
from scbsim.task.sparse_bigram import SparseBigram

_SCALARS = ("K_P", "T")


def read_arrays(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what is known of a task from an HDF5 file.

    Parameters
    ----------
    path : path
        The file. ``mu``, ``P``, ``q_positions``, ``q_weights`` and ``T`` are datasets at its root,
        or in its group ``/task``. Where there is no ``P``, ``K_P`` stands in for it. ``K_P`` and
        ``T`` may be attributes there.

    Returns
    -------
    dict
        The argument of :meth:`scbsim.Task.from_known`.

    Raises
    ------
    OutputError
        If there is no such file, or it cannot be read as HDF5.
    TaskError
        If something that a task needs is not in it.
    """
    import h5py

    from scbsim.reading import reading

    path = Path(path)
    if not path.is_file():
        raise OutputError(f"{path}: no such file; a task is read from an HDF5 file")
    try:
        with reading(path) as file:
            group = file["task"] if isinstance(file.get("task"), h5py.Group) else file
            # By its name: a P that cannot be read must not pass for one that is not there.
            transitions = "P" if "P" in set(group) or _value(group, "K_P") is None else "K_P"
            names = ("mu", transitions, "q_positions", "q_weights", "T")
            found = {name: _value(group, name) for name in names}
    except OSError as error:
        raise OutputError(f"{path}: cannot be read as HDF5 ({error})") from error
    missing = [_missing(name) for name in names if found[name] is None]
    if missing:
        raise TaskError(missing, where=f"the task in {path}")
    return found


def write_arrays(path: str | os.PathLike[str], task: SparseBigram) -> None:
    """Write a task to an HDF5 file of its own, which ``task.from`` in a spec names.

    Parameters
    ----------
    path : path
        The file, which is replaced as a whole if it exists.
    task : Task
        Read back equal, bit for bit.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    import h5py

    path = Path(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with h5py.File(draft, "w", locking=False) as file:
            for name, value in task.to_arrays().items():
                file[name] = value
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written ({error})") from error


def _value(group: Any, name: str) -> Any:
    import h5py

    if isinstance(group.get(name), h5py.Dataset):
        return group[name][()]
    return group.attrs.get(name) if name in _SCALARS else None


def _missing(name: str) -> Fault:
    return Fault(name, "not in the file" + (", nor is K_P in its place" if name == "P" else ""))
