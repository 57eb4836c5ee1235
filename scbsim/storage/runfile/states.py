"""States in a file, along a first dimension: `/snapshots` and `/final`.

Most arrays of an engine have one shape for a whole run. Lists of active entries have not: they
stand end to end, and `indptr` says where those of each state begin, as in a sparse matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import h5py
import numpy as np

from scbsim.state import State
from scbsim.storage.hdf5.dimensions import name_dimensions
from scbsim.storage.runfile.schema import MOST_CHUNK_BYTES

RAGGED = ("indices", "data")
"""Arrays whose length changes from state to state."""

_POINTERS = "indptr"
_RAGGED_CHUNK = 4096

_DIMENSIONS = {
    "bulk": ("token", "position"),
    "logits": ("token", "position"),
    "support": ("token", "attended"),
    "off_sums": ("token", "off_sums_2"),
    "column_sums": ("token",),
    "intercept": ("token",),
    "noise_A": ("token", "noise_A_2"),
    "noise_zero": ("token",),
    "W": ("next_token", "token"),
    "mean": ("next_token",),
}
"""Dimensions of the arrays of a state, after that of the states."""


@dataclass(frozen=True)
class Share:
    """Which columns of a bulk are wanted.

    Attributes
    ----------
    of : callable
        Is given the number of columns, and gives those that are wanted.
    processes : int
        How many on this machine read as many at once.
    """

    of: Callable[[int], slice] = lambda N: slice(0, N)
    processes: int = 1


ALL = Share()


def make_states(file: h5py.File, name: str, state: State, *, checked: bool = False) -> None:
    """Make a group with the datasets to which states are appended.

    Parameters
    ----------
    file : h5py.File
    name : str
        Of the group.
    state : dict of arrays
        With the shapes and types of all of them.
    checked : bool
        Whether HDF5 is to notice what a disk spoils.
    """
    group = file.create_group(name)
    step = group.create_dataset("step", (0,), np.int64, chunks=(64,), maxshape=(None,))
    step.make_scale("step")
    for name, array in state.items():
        ragged = name in RAGGED
        shape = () if ragged else array.shape
        data = group.create_dataset(
            name,
            shape=(0, *shape),
            # Of an axis of no length HDF5 allows no chunk, unless it may grow.
            maxshape=(None, *(length or None for length in shape)),
            dtype=array.dtype,
            chunks=(_RAGGED_CHUNK,) if ragged else (1, *_chunk(shape, array.itemsize)),
            fletcher32=checked,
        )
        if not ragged:
            name_dimensions(file, data, (step, *_dimensions(name, len(array.shape))))
    if RAGGED[0] in group:
        entries, values = (group[name] for name in RAGGED)
        entries.make_scale(RAGGED[0])
        name_dimensions(file, values, [entries])


def put_state(group: h5py.Group, i: int, state: State) -> None:
    """Write the arrays of state ``i``, in place of what is there of it and of those after it."""
    begin = 0
    if i and _POINTERS in group:
        begin = int(group[_POINTERS][i - 1][-1])
    for name, array in state.items():
        if name in RAGGED:
            if len(group[name]) < begin + len(array):
                group[name].resize((begin + len(array),))
            group[name][begin : begin + len(array)] = array
        else:
            put(group[name], i, array + begin if name == _POINTERS else array)


def read_state(group: h5py.Group, i: int, share: Share = ALL) -> tuple[int, State]:
    """Return the step and the arrays of one state in `/snapshots` or `/final`.

    Parameters
    ----------
    group : h5py.Group
    i : int
    share : Share
        Which columns of a ``bulk``: all of them unless told otherwise.
    """
    state = {
        name: data[i, share.of(data.shape[1])] if name == "bulk" else data[i]
        for name, data in group.items()
        if name not in ("step", *RAGGED)
    }
    if _POINTERS in state:
        begin, end = int(state[_POINTERS][0]), int(state[_POINTERS][-1])
        state |= {name: group[name][begin:end] for name in RAGGED}
        state[_POINTERS] -= begin
    return int(group["step"][i]), state


def put(data: h5py.Dataset, i: int, value: object) -> None:
    """Set entry ``i`` along the first dimension, which grows where it must.

    What has ``pieces`` is not in one place: it gives them one by one, each with where it belongs.
    """
    if len(data) <= i:
        data.resize(i + 1, axis=0)
    if not hasattr(value, "pieces"):
        data[i] = value
        return
    for place, piece in value.pieces():
        data[(i, *place)] = piece


def _dimensions(name: str, ndim: int) -> tuple[str, ...]:
    """Return the names of an array of a state, after that of the states."""
    unknown = tuple(f"{name}_{axis + 1}" for axis in range(ndim))
    known = _DIMENSIONS.get(name, unknown)
    return known if len(known) == ndim else unknown


def _chunk(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return whole rows where they fit into a chunk, and parts of a row where they do not."""
    chunk: list[int] = []
    room = MOST_CHUNK_BYTES // itemsize
    for length in reversed(shape):
        chunk.insert(0, max(1, min(length, room)))
        room //= max(chunk[0], 1)
    return tuple(chunk)
