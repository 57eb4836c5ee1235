"""A large array in pieces: whole rows where several fit into one, parts of a row elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

Place = tuple[slice, slice]
"""Rows, and positions in each."""

PIECE = 2**26
"""Bytes of a piece, at the most."""


def places(first: int, end: int, length: int, itemsize: int) -> Iterator[Place]:
    """Give the places of the pieces of some rows, in the order in which they lie in memory.

    Parameters
    ----------
    first, end : int
        The rows.
    length : int
        Entries of a row.
    itemsize : int
        Bytes of one.
    """
    part = max(1, min(length, PIECE // itemsize))
    rows = max(1, PIECE // (part * itemsize))
    for begin in range(first, end, rows):
        for start in range(0, length, part):
            yield slice(begin, min(begin + rows, end)), slice(start, min(start + part, length))
