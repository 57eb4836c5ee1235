"""States in a file, stacked along a first dimension: `/snapshots` and `/final`.

Most arrays of an engine keep their shape during a run. The lists of active entries do not: they are
concatenated, and `indptr` gives where those of each state begin, as in a sparse CSC matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from scbsim.engines.few_numbers import is_drawn
from scbsim.engines.parts import PART, not_in
from scbsim.state import State
from scbsim.storage.hdf5.dimensions import name_dimensions, set_length
from scbsim.storage.runfile.schema import FINAL, MOST_CHUNK_BYTES, SNAPSHOTS

RAGGED = ("indices", "data")
"""Arrays whose length differs between states."""

GROWING = ("drawn", "turns", "since", "before_since", "given")
"""Arrays with a row for each draw of entries, or none before the first; or of any length."""

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
    "drawn": ("draw", "drawn_3"),
    "turns": ("draw", "token", "turns_4"),
    "totals": ("token",),
    "before_totals": ("token",),
}
"""Names of the dimensions of each array, after the dimension of the states."""


@dataclass(frozen=True)
class Share:
    """The columns of a bulk that a process reads.

    ``of`` maps the number of columns to those read; ``processes`` is how many processes on this
    machine read as many at once.
    """

    of: Callable[[int], slice] = lambda N: slice(0, N)
    processes: int = 1


ALL = Share()


def make_states(file: h5py.File, name: str, state: State, *, checked: bool = False) -> None:
    """Create group ``name`` with a dataset for each array of ``state``; ``checked`` adds checksums.

    States of the same shapes and types can then be written to it. Each snapshot of a staged run has
    only some of the arrays; the others are NaN there, and take no space.
    """
    in_parts = PART in state and "bulk" in state
    group = file.create_group(name)
    step = group.create_dataset("step", (0,), np.int64, chunks=(64,), maxshape=(None,))
    step.make_scale("step")
    for name, array in state.items():
        ragged = name in RAGGED
        shape = () if ragged else array.shape
        data = group.create_dataset(
            name,
            shape=(0, *shape),
            # HDF5 allows no chunks along an axis of length 0, unless it may grow.
            maxshape=(None, *_most(name, shape)),
            dtype=array.dtype,
            chunks=(_RAGGED_CHUNK,) if ragged else (1, *_chunk(shape, array.itemsize)),
            fletcher32=checked,
            fillvalue=np.nan if in_parts and array.dtype.kind == "f" else None,
        )
        if not ragged:
            name_dimensions(file, data, (step, *_dimensions(name, len(array.shape))))
    if RAGGED[0] in group:
        entries, values = (group[name] for name in RAGGED)
        entries.make_scale(RAGGED[0])
        name_dimensions(file, values, [entries])


def put_state(group: h5py.Group, i: int, state: State) -> None:
    """Write the arrays of state ``i``; later states on file become invalid.

    A file that an earlier version began has places for the arrays of that version alone.
    """
    begin = 0
    if i and _POINTERS in group:
        begin = int(group[_POINTERS][i - 1][-1])
    for name, array in state.items():
        if name not in group:
            continue
        if name in RAGGED:
            if len(group[name]) < begin + len(array):
                group[name].resize((begin + len(array),))
            group[name][begin : begin + len(array)] = array
        else:
            put(group[name], i, array + begin if name == _POINTERS else array)
    for name in _left_out(group, i):
        if name not in state and len(group[name]) <= i:
            group[name].resize(i + 1, axis=0)


def _left_out(group: h5py.Group, i: int) -> tuple[str, ...]:
    """Return the arrays that state ``i`` does not have; its part is on file."""
    if PART not in group or "bulk" not in group:
        return ()
    return not_in(float(group[PART][i, 0]))


def arrays_of(group: h5py.Group, i: int) -> set[str]:
    """Return the names of the arrays of state ``i`` in `/snapshots` or `/final`."""
    return set(group) - {"step", *_left_out(group, i)}


def read_state(group: h5py.Group, i: int, share: Share = ALL) -> tuple[int, State]:
    """Return the step and the arrays of state ``i`` in `/snapshots` or `/final`.

    ``share`` selects the columns of a ``bulk``; by default all.
    """
    there = arrays_of(group, i)
    state = {
        name: data[i, share.of(data.shape[1])] if name == "bulk" else data[i]
        for name, data in group.items()
        if name in there and name not in RAGGED
    }
    if _POINTERS in state:
        begin, end = int(state[_POINTERS][0]), int(state[_POINTERS][-1])
        state |= {name: group[name][begin:end] for name in RAGGED}
        state[_POINTERS] -= begin
    return int(group["step"][i]), state


def places_of_matrices(file: h5py.File) -> dict[int, tuple[str, int]]:
    """Return the group and the index of each state with matrices, by its step."""
    return {
        int(step): (name, i)
        for name in (SNAPSHOTS, FINAL)
        if name in file
        for i, step in enumerate(file[name]["step"][:])
        if has_entries(file[name]) or is_drawn(_State(file[name], i))
    }


class _State(Mapping[str, Any]):
    """The arrays of state ``i`` of a group, read when they are asked for."""

    def __init__(self, group: h5py.Group, i: int) -> None:
        self._group, self._i = group, i

    def __getitem__(self, name: str) -> Any:
        return self._group[name][self._i]

    def __contains__(self, name: object) -> bool:
        return name in self._group

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)


def has_entries(arrays: Iterable[str]) -> bool:
    """Return whether a state of these arrays has the entries of A, and not a few numbers alone.

    Entries that were drawn in such a state are not counted.
    """
    there = set(arrays)
    return bool({"bulk", "logits", "indptr"} & there) or not {"alpha", "off_along"} & there


def put(data: h5py.Dataset, i: int, value: object) -> None:
    """Set entry ``i`` along the first dimension, which grows if necessary.

    A distributed array has a method ``blocks``, which yields hyperslabs and their values.
    """
    if len(data) <= i:
        data.resize(i + 1, axis=0)
    if not hasattr(value, "blocks"):
        for axis, length in enumerate(np.asarray(value).shape, 1):
            if data.maxshape[axis] is None and data.shape[axis] != length:
                data.resize(length, axis=axis)
                set_length(data, axis, length)
        data[i] = value
        return
    for hyperslab, block in value.blocks():
        data[(i, *hyperslab)] = block


def _most(name: str, shape: tuple[int, ...]) -> tuple[int | None, ...]:
    """Return the largest shape of an array; None for an axis that may grow."""
    return tuple(
        None if length == 0 or (name in GROWING and axis == 0) else length
        for axis, length in enumerate(shape)
    )


def _dimensions(name: str, ndim: int) -> tuple[str, ...]:
    """Return the names of the dimensions of an array, after the dimension of the states."""
    unknown = tuple(f"{name}_{axis + 1}" for axis in range(ndim))
    known = _DIMENSIONS.get(name, unknown)
    return known if len(known) == ndim else unknown


def _chunk(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return the chunk of an array: whole rows if they fit, or else a part of one row."""
    chunk: list[int] = []
    room = MOST_CHUNK_BYTES // itemsize
    for length in reversed(shape):
        chunk.insert(0, max(1, min(length, room)))
        room //= max(chunk[0], 1)
    return tuple(chunk)
