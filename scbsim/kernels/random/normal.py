"""The standard normals of a block: 32 lanes of xoshiro128++, in rows of 64.

A row takes two words of each lane, for a radius and an angle. The third word of the lane's state
before them, which has no part in the two, is the radius's low bits (`box_muller`). Lane i makes
entries i and 32 + i of each row. So all lanes go through a block side by side, and what uses a row
can do so while it is in registers.

Lanes are on the stack: of an array there LLVM knows that no other overlaps it. Otherwise it would
compare pointers at each row, and load all constants again for fear of the other branch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scbsim.kernels.compile.jit import by_precision, inline_jit, internal_jit
from scbsim.kernels.random.box_muller import (
    pair32,
    pair64_of_radius,
    radius64,
    reduced_radius64,
)
from scbsim.kernels.random.philox import philox4x32
from scbsim.kernels.random.xoshiro import next_word
from scbsim.kernels.simd.intrinsics import stack_array
from scbsim.kernels.types import F64, U32, Counter, Floats, Int, Key

BLOCK = 2048
"""Normals of a block, drawn together."""

LANES = np.uint64(32)
"""Lanes of a block."""

ROW = 64
"""Normals of a row."""

LANE_WORDS = 4 * 32 + 3 * 32
"""Words for the states of all lanes, and then for a row of words."""

_2, _3, _4 = np.uint64(2), np.uint64(3), np.uint64(4)

lanes_on_stack = stack_array(LANE_WORDS)
row_on_stack = stack_array(ROW)


@inline_jit
def seed_lanes(lanes: U32, block: Int, counter: Counter, key: Key) -> None:
    """Write the first states of the lanes of a block."""
    (c1, c2, c3), (k0, k1) = counter, key
    first = np.uint64(block) * LANES
    for i in range(LANES):
        a, b, c, d = philox4x32(first + i, c1, c2, c3, k0, k1)
        lanes[i], lanes[i + LANES] = a, b
        lanes[i + _2 * LANES], lanes[i + _3 * LANES] = c, d


@inline_jit
def copy_lanes(to: U32, lanes: U32) -> None:
    """Copy states, onto the stack."""
    for i in range(_4 * LANES):
        to[i] = lanes[i]


@inline_jit
def _next_words(lanes: U32, i: Any) -> tuple[np.uint32, np.uint32, np.uint32]:
    """Advance a lane; return the words of a radius, of its low bits, and of an angle."""
    a, b = lanes[i], lanes[i + LANES]
    c, d = lanes[i + _2 * LANES], lanes[i + _3 * LANES]
    low = c
    radius, a, b, c, d = next_word(a, b, c, d)
    angle, a, b, c, d = next_word(a, b, c, d)
    lanes[i], lanes[i + LANES] = a, b
    lanes[i + _2 * LANES], lanes[i + _3 * LANES] = c, d
    return radius, low, angle


def _fill_row32(z: Floats, at: np.uint64, lanes: U32) -> None:
    for i in range(LANES):
        radius, low, angle = _next_words(lanes, i)
        z[at + i], z[at + i + LANES] = pair32(radius, low, angle)


def _fill_row64(z: Floats, at: np.uint64, lanes: U32) -> None:
    # Words are in a loop of their own, as it has twice as many lanes in a vector. So are quotients:
    # else a processor waits for one, and has no room for the next meanwhile.
    for i in range(LANES):
        j = i + _4 * LANES
        lanes[j], lanes[j + LANES], lanes[j + _2 * LANES] = _next_words(lanes, i)
    q = row_on_stack(z[at:])
    for i in range(LANES):
        j = i + _4 * LANES
        q[i], q[i + LANES] = reduced_radius64(lanes[j], lanes[j + LANES])
    for i in range(LANES):
        angle = lanes[i + _4 * LANES + _2 * LANES]
        r = radius64(q[i], q[i + LANES])
        z[at + i], z[at + i + LANES] = pair64_of_radius(r, angle)


fill_row = by_precision(_fill_row32, _fill_row64, forceinline=True)
"""``fill_row(z, at, lanes)``: write the next row to ``z[at:]``, the next states to ``lanes``."""


@internal_jit
def fill_normals(z: Floats, words: U32, count: Int, block: Int, counter: Counter, key: Key) -> None:
    """Fill ``z[:count]`` with the standard normals of a block.

    Parameters
    ----------
    z : (count up to a multiple of ROW,) float32 or float64 array, or longer
        Entries past ``count`` are left undefined.
    words : (LANE_WORDS,) uint32 array, or longer
        Scratch.
    count : int
        Normals to draw, at most BLOCK. Their values do not depend on it.
    block : int
        Index of the block in the column.
    counter : triple of uint64
        Words 1, 2 and 3 of the counter.
    """
    lanes = lanes_on_stack(words)
    seed_lanes(lanes, block, counter, key)
    for row in range(np.uint64((count + ROW - 1) // ROW)):
        fill_row(z, row * np.uint64(ROW), lanes)


@internal_jit
def fill_matrix(out: F64, counter: Counter, key: Key, own: tuple[F64, U32]) -> None:
    """Fill a contiguous float64 matrix; ``own`` is scratch, (BLOCK,) and (LANE_WORDS,)."""
    z, words = own
    flat = out.reshape(out.size)
    for block in range((flat.size + BLOCK - 1) // BLOCK):
        start = block * BLOCK
        count = min(BLOCK, flat.size - start)
        fill_normals(z, words, count, block, counter, key)
        for i in range(count):
            flat[start + i] = z[i]
