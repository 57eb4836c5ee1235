"""Arrays whose rows threads do not share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LINES = 128
"""Bytes of two cache lines: processors fetch lines in pairs."""

GAP = 2 * LINES
"""Bytes between what threads write and what others use: processors fetch lines ahead."""


def aligned_zeros(shape: int | tuple[int, ...], dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """Return an array of zeros that starts at a multiple of 128 bytes.

    Loads of whole vectors then touch one cache line each. Where a row takes a multiple of 128
    bytes (see :func:`row_length`), threads that write to different rows do not write to the same
    line.
    """
    kind = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    # `zeros` of a large size takes memory when it is written to, which adding to it would not.
    raw = np.zeros(size + LINES + 2 * GAP, np.uint8)
    start = -raw.ctypes.data % LINES + GAP
    return raw[start : start + size].view(kind).reshape(shape)


def row_length(entries: int, dtype: DTypeLike = np.float64) -> int:
    """Return a length for rows of some entries that different threads write to.

    It is a multiple of 128 bytes, with the gap between the entries of two rows.
    """
    itemsize = np.dtype(dtype).itemsize
    each = LINES // itemsize
    return -(-entries // each) * each + GAP // itemsize
