"""What `intrinsics` offers, written in plain numba: slower, with the same bits."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import by_precision, inline_jit, inner_inline
from scbsim.kernels.types import U32, Floats, Int, Real, Tokens

LANES = 16
"""Entries of a vector."""

ROW = 64
"""Entries that are tested at once."""

_u32, _u64 = np.uint32, np.uint64


class Strided(NamedTuple):
    """An array of a product: row s of the result and term n use entry ``first + s row + n step``.

    In the result and in the right factor it is the first of 16 entries.
    """

    array: Floats
    first: Int
    row: Int
    step: Int


@inline_jit
def pick_blocks(
    out: Tokens, i: Int, words: U32, j: Int, blocks: Int, table: U32, bits: np.uint32
) -> None:
    """Write the tokens picked by ``words[j:]`` to ``out[i:]``, 16 per block: `alias.pick_from`."""
    low = _u32(_u32(_u32(1) << bits) - _u32(1))
    for n in range(_u64(blocks) * _u64(LANES)):
        word = words[_u64(j) + n]
        bucket = word >> _u32(_u32(32) - bits)
        entry = table[bucket]
        own = _u32(_u32(word << bits) | low) < entry
        out[_u64(i) + n] = _u32(bucket) if own else _u32(entry & low)


@inline_jit
def add_blocks(total: Floats, table: Floats, index: Tokens, blocks: Int) -> None:
    """Add ``table[index]`` to ``total``, 16 entries per block."""
    for n in range(_u64(blocks) * _u64(LANES)):
        total[n] += table[_u64(index[n])]


@inline_jit
def add_to_tables(tables: Floats, x: Tokens, a: Floats, fours: Int) -> None:
    """Add ``a[4 i + j]`` to entry ``x[4 i + j]`` of table j, each of 16 entries."""
    for i in range(_u64(fours)):
        for j in range(_u64(4)):
            at = _u64(4) * i + j
            tables[_u64(x[at]) + _u64(LANES) * j] += a[at]


def _bits32(x: np.float32) -> np.uint32:
    return np.float32(x).view(np.uint32)


def _bits64(x: float) -> np.uint64:
    return np.float64(x).view(np.uint64)


_bits = by_precision(_bits32, _bits64, forceinline=True)


@inline_jit
def are_zeros(x: Floats, i: Int) -> bool:
    """Return whether 64 entries of a contiguous array, from i on, are 0 and not -0."""
    found = False
    for n in range(_u64(ROW)):
        found |= _bits(x[_u64(i) + n]) != 0
    return not found


@inline_jit
def are_within(x: Floats, i: Int, bound: Real) -> bool:
    """Return whether 64 entries of a contiguous array, from i on, are at most ``bound`` in size."""
    within = True
    for n in range(_u64(ROW)):
        within &= abs(x[_u64(i) + n]) <= bound
    return within


@inline_jit
def sum_halves(x: Floats, i: Int) -> Real:
    """Return the sum of 32 entries of a contiguous array, from i on; they are overwritten.

    The second half is added to the first until one number is left.
    """
    half = _u64(ROW // 4)
    while half > _u64(0):
        for n in range(half):
            x[_u64(i) + n] += x[_u64(i) + n + half]
        half >>= _u64(1)
    return x[_u64(i)]


@inline_jit
def _write_row(out: Strided, x: Strided, y: Strided, terms: Int, s: Int) -> None:
    to = out.array.reshape(out.array.size)
    left, right = x.array.reshape(x.array.size), y.array.reshape(y.array.size)
    for m in range(LANES):
        total = out.array.dtype.type(0)
        for n in range(terms):
            total += left[x.first + s * x.row + n * x.step] * right[y.first + n * y.step + m]
        to[out.first + s * out.row + m] = total


@inline_jit
def one_row(out: Strided, x: Strided, y: Strided, terms: Int) -> None:
    """Write one row of a product, 16 columns wide."""
    _write_row(out, x, y, terms, 0)


@inline_jit
def four_rows(out: Strided, x: Strided, y: Strided, terms: Int) -> None:
    """Write four rows of a product, 16 columns wide."""
    for s in range(4):
        _write_row(out, x, y, terms, s)


@inline_jit
def eight_rows(out: Strided, x: Strided, y: Strided, terms: Int) -> None:
    """Write eight rows of a product, 16 columns wide."""
    for s in range(8):
        _write_row(out, x, y, terms, s)


@inline_jit
def eight_rows_wide(out: Strided, x: Strided, y: Strided, terms: Int) -> None:
    """Write eight rows of a product, 32 columns wide."""
    eight_rows(out, x, y, terms)
    more = Strided(out.array, out.first + LANES, out.row, out.step)
    eight_rows(more, x, Strided(y.array, y.first + LANES, y.row, y.step), terms)


@inline_jit
def four_rows_less(out: Strided, x: Strided, y: Strided, terms: Int) -> None:
    """Subtract four rows of a product, 16 columns wide, term by term."""
    to = out.array.reshape(out.array.size)
    left, right = x.array.reshape(x.array.size), y.array.reshape(y.array.size)
    for s in range(4):
        for m in range(LANES):
            total = to[out.first + s * out.row + m]
            for n in range(terms):
                total -= left[x.first + s * x.row + n * x.step] * right[y.first + n * y.step + m]
            to[out.first + s * out.row + m] = total


@inline_jit
def prefetch_at(x: Floats, i: Int) -> None:
    """Do nothing."""


def stack_array(size: int) -> Any:
    """Return a function that returns the first ``size`` entries of the array that it is given."""

    @inner_inline
    def part(like: Any) -> Any:
        return like[:size]

    return part
