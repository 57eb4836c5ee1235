"""Arrays whose rows threads do not share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LINES = 128
"""Bytes of two cache lines: processors fetch lines in pairs."""


def aligned_zeros(shape: int | tuple[int, ...], dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """Return an array of zeros that starts at a multiple of 128 bytes.

    Loads of whole vectors then touch one cache line each. Where a row takes a multiple of 128
    bytes (see :func:`row_length`), threads that write to different rows do not write to the same
    line.
    """
    kind = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    # `zeros` of a large size takes memory when it is written to, which adding to it would not.
    raw = np.zeros(size + LINES, np.uint8)
    start = -raw.ctypes.data % LINES
    return raw[start : start + size].view(kind).reshape(shape)


def row_length(entries: int, dtype: DTypeLike = np.float64) -> int:
    """Return a length for rows of some entries that different threads write to.

    It is a multiple of 128 bytes, and leaves 256 bytes between the entries of two rows: a processor
    that reads a row also fetches the lines after it, and takes them from the thread that owns them.
    """
    each = LINES // np.dtype(dtype).itemsize
    return (-(-entries // each) + 2) * each
