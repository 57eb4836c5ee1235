"""Tasks in HDF5 files: a task file, or the group ``/task`` of a run's output."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from scbsim.errors import Fault, OutputError, ScbsimError, TaskError
from scbsim.task.sparse_bigram import SparseBigram
from scbsim.util.memory import require

_SCALARS = ("K_P", "T")
_NAMES = ("mu", "P", "K_P", "q_positions", "q_weights", "T")
_PLACES = (*_NAMES, *(f"task/{name}" for name in _NAMES))

TASK_DIMENSIONS = {
    "mu": ("token",),
    "P": ("next_token", "token"),
    "q_positions": ("token", "attended"),
    "q_weights": ("token", "attended"),
}
"""Names of the dimensions: tokens, next tokens, and the Q positions that a token attends to."""


def read_arrays(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the arrays of a task from an HDF5 file.

    ``mu``, ``P`` (or ``K_P``), ``q_positions``, ``q_weights`` and ``T`` are datasets at its root,
    or in its group ``/task``; ``K_P`` and ``T`` may be attributes there. The result is the argument
    of :meth:`scbsim.Task.from_known`.

    Raises
    ------
    OutputError
        If there is no such file, or it cannot be read as HDF5.
    TaskError
        If a part of the task is missing.
    MemoryNeeded
        If it does not fit into memory.
    """
    import h5py

    from scbsim.storage.hdf5.open import opened_hdf5
    from scbsim.storage.hdf5.reading import fail_if_unread

    path = Path(path)
    names: tuple[str, ...] = ()
    try:
        with opened_hdf5(path, _PLACES) as file:
            has_samples = isinstance(file.get("tokens"), h5py.Dataset)
            group = file["task"] if isinstance(file.get("task"), h5py.Group) else file
            # By name: a P that cannot be read is an error, and not replaced by K_P.
            transitions = "P" if "P" in set(group) or not _has(group, "K_P") else "K_P"
            names = ("mu", transitions, "q_positions", "q_weights", "T")
            # NaN says that the truth is unknown; a task that merely lacks a part is an error.
            if transitions == "K_P" and np.isnan(_value(group, "K_P")):
                names = ("mu", "T")
            arrays = [group[name] for name in names if _is_dataset(group, name)]
            require(sum(array.nbytes for array in arrays), f"the task in {path}")
            found = {name: _value(group, name) for name in names}
    except ScbsimError:
        raise
    except Exception as error:
        fail_if_unread(path, error)
        # From damaged files h5py raises exceptions of many types.
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise OutputError(f"{path} cannot be read: {reason}") from error
    if missing := [name for name in names if found[name] is None]:
        hints = {"P": ", nor is K_P in its place"}
        if len(missing) == len(names) and has_samples:
            raise OutputError(
                f"{path} has samples and no task: write [task] with N, T and Q of the task that "
                "they are of, or make the file with scbsim.save_samples(path, samples), which "
                "keeps a task"
            )
        faults = [Fault(name, f"not in the file{hints.get(name, '')}") for name in missing]
        raise TaskError(faults, where=f"the task in {path}")
    return found


def write_arrays(path: str | os.PathLike[str], task: SparseBigram) -> None:
    """Write a task to an HDF5 file, which ``task.from`` in a spec can name.

    An existing file is replaced atomically. Reading gives the same task, bit for bit.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from scbsim.storage.hdf5.dimensions import name_dimensions
    from scbsim.storage.hdf5.write import written
    from scbsim.util.atomic import atomic_write
    from scbsim.util.disk_space import LEAST_ROOM
    from scbsim.util.paths import resolved

    path = resolved(path)
    known = {name: np.asarray(value) for name, value in task.to_arrays().items()}
    if not task.truth_known:
        known["K_P"] = np.asarray(np.nan)
    room = sum(value.nbytes for value in known.values()) + LEAST_ROOM
    try:
        with atomic_write(path) as file, written(file.name, room) as hdf5:
            for name, value in known.items():
                data = hdf5.create_dataset(name, data=value, fletcher32=bool(value.ndim))
                name_dimensions(hdf5, data, TASK_DIMENSIONS.get(name, ()))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def _is_dataset(group: Any, name: str) -> bool:
    import h5py

    return isinstance(group.get(name), h5py.Dataset)


def _has(group: Any, name: str) -> bool:
    return _is_dataset(group, name) or (name in _SCALARS and name in group.attrs)


def _value(group: Any, name: str) -> Any:
    import h5py

    if _is_dataset(group, name):
        return group[name][()]
    if not _has(group, name):
        return None
    attribute = group.attrs.get_id(name)
    kind = attribute.get_type()
    if attribute.get_space().get_simple_extent_npoints() != 1 or not isinstance(
        kind, h5py.h5t.TypeIntegerID | h5py.h5t.TypeFloatID
    ):
        raise TaskError([Fault(name, "its attribute is not a number")])
    return group.attrs[name]
