"""Sums of a block of the bulk, by lane of `random.normal` and then in pairs.

The first 32 sums of a row are those of entries, or of half of them; the others those of squares, or
of the other half. The order of additions depends on nothing.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.random.normal import LANES, ROW, row_on_stack
from scbsim.kernels.simd.intrinsics import sum_halves
from scbsim.kernels.types import Floats, Int, Real

_ROW = np.uint64(ROW)


@inline_jit
def add_entries(sums: Floats, i: Int, a: Real, b: Real) -> None:
    """Add two entries of lane i to its sum, and their squares."""
    j = i + LANES
    sums[i] += a + b
    square = sums[j] + a * a
    sums[j] = square + b * b


@inline_jit
def add_up(sums: Floats, own: Floats) -> None:
    """Write the sums over both halves of the lanes' sums to ``own``, added in pairs."""
    first, second = sum_halves(sums, np.int64(0)), sum_halves(sums, np.int64(LANES))
    own[0], own[1] = first, second


@inline_jit
def clear_row(x: Floats) -> None:
    """Set a row to zero."""
    for i in range(_ROW):
        x[i] = x.dtype.type(0)


@inline_jit
def _sum_rows(s: Floats, rows: np.uint64, own: Floats) -> None:
    sums = row_on_stack(own)
    clear_row(sums)
    for row in range(rows):
        at = row * _ROW
        for i in range(LANES):
            add_entries(sums, i, s[at + i], s[at + i + LANES])
    add_up(sums, own)


@internal_jit
def sum_block(s: Floats, rows: np.uint64, own: Floats) -> tuple[float, float]:
    """Return the sum of a block and that of its squares, with the bits of a step."""
    _sum_rows(s, rows, own)
    return np.float64(own[0]), np.float64(own[1])
