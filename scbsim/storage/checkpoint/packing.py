"""The states of many replicas in few arrays, since HDF5 takes 0.1 ms for each array."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scbsim.state import State

_SEPARATE_BYTES = 2**20  # bytes; arrays of at least this size are not copied into joint ones


def packed(states: Mapping[int, State]) -> State:
    """Return the arrays of many states under unique names.

    ``3/bulk`` is `bulk` of state 3. Small arrays of one name, type and number of axes are
    concatenated in ``small/bulk/0/data``; ``shape`` has their shapes, ``of`` their states.
    """
    found: State = {}
    small: dict[tuple[str, str, int], list[int]] = {}
    for i, state in states.items():
        for name, array in state.items():
            if array.nbytes >= _SEPARATE_BYTES:
                found[f"{i}/{name}"] = array
            else:
                small.setdefault((name, array.dtype.str, array.ndim), []).append(i)
    for n, ((name, _, ndim), owners) in enumerate(small.items()):
        arrays = [states[i][name] for i in owners]
        shapes = np.array([array.shape for array in arrays], np.int64)
        found[f"small/{name}/{n}/of"] = np.array(owners)
        found[f"small/{name}/{n}/shape"] = shapes.reshape(len(owners), ndim)
        found[f"small/{name}/{n}/data"] = np.concatenate([array.ravel() for array in arrays])
    return found


def unpacked(arrays: State) -> dict[int, State]:
    """Return the states given to :func:`packed`; a state without arrays is left out."""
    states: dict[int, State] = {}
    for key, array in arrays.items():
        owner, _, name = key.partition("/")
        if owner != "small":
            states.setdefault(int(owner), {})[name] = array
        elif key.endswith("/data"):
            prefix = key.removesuffix("data")
            name = prefix.split("/")[1]
            start = 0
            shapes = arrays[f"{prefix}shape"].tolist()
            for i, shape in zip(arrays[f"{prefix}of"].tolist(), shapes, strict=True):
                size = int(np.prod(shape, dtype=np.int64))
                states.setdefault(i, {})[name] = array[start : start + size].reshape(shape)
                start += size
    return states
