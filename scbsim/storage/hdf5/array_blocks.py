"""Split a large array into hyperslabs: several whole rows, or parts of one long row."""

from __future__ import annotations

from collections.abc import Iterator

Hyperslab = tuple[slice, slice]
"""Rows, and positions in each row."""

BLOCK_BYTES = 2**26
"""Largest size of a block that is read or written at once."""


def hyperslabs(first: int, end: int, length: int, itemsize: int) -> Iterator[Hyperslab]:
    """Yield hyperslabs that cover rows ``first`` to ``end`` in C order.

    ``length`` is the number of entries of a row, ``itemsize`` the bytes of one entry.
    """
    part = max(1, min(length, BLOCK_BYTES // itemsize))
    rows = max(1, BLOCK_BYTES // (part * itemsize))
    for begin in range(first, end, rows):
        for start in range(0, length, part):
            yield slice(begin, min(begin + rows, end)), slice(start, min(start + part, length))
