"""What `intrinsics` offers, in numba's own terms: slower, and the same to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from scbsim.kernels.compile.jit import OPTIONS, inline_jit
from scbsim.kernels.types import U32, Floats, Int, Tokens

LANES = 16
"""Entries that are taken together."""

_i32, _i64, _f32, _f64 = np.int32, np.int64, np.float32, np.float64
_u32, _u64 = np.uint32, np.uint64
_INLINED = {**OPTIONS, "_nrt": False, "forceinline": True}


@inline_jit
def pick_blocks(
    out: Tokens, i: Int, words: U32, j: Int, blocks: Int, table: U32, bits: np.uint32
) -> None:
    """Write to ``out`` from ``i`` on what the words from ``j`` on pick, 16 for each block."""
    low = _u32(_u32(_u32(1) << bits) - _u32(1))
    for n in range(_u64(blocks) * _u64(LANES)):
        word = words[_u64(j) + n]
        bucket = word >> _u32(_u32(32) - bits)
        entry = table[bucket]
        own = _u32(_u32(word << bits) | low) < entry
        out[_u64(i) + n] = _u32(bucket) if own else _u32(entry & low)


@inline_jit
def add_blocks(total: Floats, table: Floats, index: Tokens, blocks: Int) -> None:
    """Add to ``total`` the entries of a table at the indices, 16 for each block."""
    for n in range(_u64(blocks) * _u64(LANES)):
        total[n] += table[_u64(index[n])]


@inline_jit
def one_row(
    out: Floats,
    o: Int,
    out_row: Int,
    x: Floats,
    i: Int,
    x_row: Int,
    x_step: Int,
    y: Floats,
    j: Int,
    y_row: Int,
    terms: Int,
) -> None:
    """Write one row of a product at 16 columns."""
    to, left, right = out.reshape(out.size), x.reshape(x.size), y.reshape(y.size)
    for m in range(LANES):
        total = out.dtype.type(0)
        for n in range(terms):
            total += left[i + n * x_step] * right[j + n * y_row + m]
        to[o + m] = total


@inline_jit
def four_rows(
    out: Floats,
    o: Int,
    out_row: Int,
    x: Floats,
    i: Int,
    x_row: Int,
    x_step: Int,
    y: Floats,
    j: Int,
    y_row: Int,
    terms: Int,
) -> None:
    """Write four rows of a product at 16 columns."""
    for s in range(4):
        at, left = o + s * out_row, i + s * x_row
        one_row(out, at, out_row, x, left, x_row, x_step, y, j, y_row, terms)


@inline_jit
def prefetch_at(x: Floats, i: Int) -> None:
    """Do nothing."""


def bits_of(x: Any) -> Any:
    """Return the bits of a float32 as int32, of a float64 as int64; compiled code only."""
    raise TypeError("bits_of is for compiled code only")


def float_of(bits: Any) -> Any:
    """Return the float whose bits these are; compiled code only."""
    raise TypeError("float_of is for compiled code only")


@overload(bits_of, jit_options=_INLINED)
def _bits_of(x: Any) -> Any:
    def bits_32(x: Any) -> Any:
        return _f32(x).view(_i32)

    def bits_64(x: Any) -> Any:
        return _f64(x).view(_i64)

    return bits_32 if x == types.float32 else bits_64


@overload(float_of, jit_options=_INLINED)
def _float_of(bits: Any) -> Any:
    def float_32(bits: Any) -> Any:
        return _i32(bits).view(_f32)

    def float_64(bits: Any) -> Any:
        return _i64(bits).view(_f64)

    return float_32 if bits == types.int32 else float_64
