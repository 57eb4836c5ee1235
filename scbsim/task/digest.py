"""Digests of tasks, and the differences between two tasks."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from scbsim.task.sparse_bigram import SparseBigram

Parts = dict[str, int | float | str]

_SIZES = ("N", "T", "Q")
_ARRAYS = ("mu", "P", "q_positions", "q_weights")


def parts_of(task: SparseBigram) -> Parts:
    """Return the numbers of a task, and the SHA-256 of each of its arrays.

    ``K_P`` is included only if there is no ``P``, from which it follows, and the truth is known.
    """
    parts: Parts = {name: int(getattr(task, name)) for name in _SIZES}
    for name in _ARRAYS:
        if (array := getattr(task, name)) is not None:
            little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
            parts[name] = hashlib.sha256(little.reshape(-1).view(np.uint8).data).hexdigest()
    return (
        parts if task.P is not None or not task.truth_known else {**parts, "K_P": float(task.K_P)}
    )


def digest_of(parts: Parts) -> str:
    """Return the digest of a task from its parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def differing(there: Parts, here: Parts) -> str:
    """Describe how two tasks differ: ``N is 10 there and 12 here; mu and P differ``."""
    numbers, arrays = (
        [name for name in names if there.get(name) != here.get(name)]
        for names in ((*_SIZES, "K_P"), _ARRAYS)
    )
    texts = [
        f"{name} is {there.get(name, 'not given')} there and {here.get(name, 'not given')} here"
        for name in numbers
    ]
    if arrays:
        *most, last = arrays
        texts.append(f"{', '.join(most)} and {last} differ" if most else f"{last} differs")
    return "; ".join(texts)
