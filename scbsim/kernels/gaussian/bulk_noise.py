"""The noise of a block of the bulk, and its part along the column of A: `docs/model.md`, 5b."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.gaussian.column_step import (
    ColumnStep,
    from_zeros,
    is_block_near_zero,
    is_row_near_zero,
    near_zeros,
)
from scbsim.kernels.gaussian.rules import leaves_zeros
from scbsim.kernels.gaussian.state import Attention
from scbsim.kernels.matched.coefficients import amplitude_at
from scbsim.kernels.matched.joint_noise import keep_normal, square_of_block
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.random.normal import (
    BLOCK,
    LANES,
    ROW,
    copy_lanes,
    fill_row,
    lanes_on_stack,
    row_on_stack,
)
from scbsim.kernels.random.row_sums import add_up, clear_row
from scbsim.kernels.simd.intrinsics import are_zeros
from scbsim.kernels.simd.prefetch import prefetch
from scbsim.kernels.types import I64, U32, Floats, Int, Real

Buffers: TypeAlias = tuple[Floats, Floats, U32]
"""Of normals, (BLOCK,); of two rows; and of the states of lanes."""


@inline_jit
def first_at_least(positions: I64, bound: Int) -> Int:
    """Return the index of the first of the ascending positions that is at least ``bound``."""
    low, high = 0, positions.size
    while low < high:
        middle = (low + high) // 2
        if positions[middle] < bound:
            low = middle + 1
        else:
            high = middle
    return low


class Place(NamedTuple):
    """Where a block is, and which part of it is there."""

    column: Int
    block: Int
    start: Int  # the position of its first entry
    length: Int
    rows: np.uint64
    support: Int  # index of the first support entry from its start on
    noisy: bool


@inline_jit
def next_special(A: Attention, place: Place, j: Int) -> np.uint64:
    """Return the next row with a support entry, from support entry j on, or with the block's end.

    If there is none, the number that is returned is too large for a row.
    """
    at = place.length
    if j < A.positions.shape[1]:
        at = min(A.positions[place.column, j] - place.start, at)
    return np.uint64(at) // np.uint64(ROW)


@internal_jit
def clear_support(
    joint: JointNoise | None, A: Attention, place: Place, j: Int, row: Int, z: Floats
) -> Int:
    """Keep the normals of a row at the support, and set them and all past the end to 0.

    With s and noise at 0, an entry stays 0 and adds 0 to the sums. ``j`` is the next support entry;
    the next after the row is returned.
    """
    begin: Int = np.int64(row) * ROW
    end = min(begin + ROW, place.length)
    while j < A.positions.shape[1]:
        at = A.positions[place.column, j] - place.start
        if at >= end:
            break
        keep_normal(joint, A, place.column, j, z[at - begin])
        z[at - begin] = z.dtype.type(0)
        j += 1
    for i in range(np.uint64(end - begin), np.uint64(ROW)):
        z[i] = z.dtype.type(0)
    return j


@internal_jit
def draw_block(A: Attention, place: Place, z: Floats, own: Floats, words: U32) -> None:
    """Write the normals of a block to ``z``, 0 on the support and past its end."""
    row_z, lanes = row_on_stack(own[ROW:]), lanes_on_stack(words)
    copy_lanes(lanes, words)
    clear_row(row_z)
    j = place.support
    special = next_special(A, place, j)
    for row in range(place.rows):
        at = row * np.uint64(ROW)
        if place.noisy:
            fill_row(row_z, np.uint64(0), lanes)
        if row == special:
            j = clear_support(None, A, place, j, row, row_z)
            special = next_special(A, place, j)
        for i in range(np.uint64(ROW)):
            z[at + i] = row_z[i]


@inline_jit
def _levels_of_row(
    s: Floats, at: np.uint64, z: Floats, out: Floats, step: ColumnStep, c: Real, sums: Floats
) -> None:
    """Write normals times their levels to ``out[at:]``.

    Their products with ``a = s + c`` are added to the lanes' sums.
    """
    curve, amplitude = step.curve, step.amplitude
    for i in range(LANES):
        j = i + LANES
        p, q = s[at + i], s[at + j]
        x = amplitude_at(curve, amplitude, p) * z[i]
        y = amplitude_at(curve, amplitude, q) * z[j]
        out[at + i] = x
        out[at + j] = y
        sums[i] += x * (p + c)
        sums[j] += y * (q + c)


@inline_jit
def _level_of_row(at: np.uint64, z: Floats, out: Floats, level: Real, sums: Floats) -> None:
    """Write normals times one level to ``out[at:]``; add them to the lanes' sums."""
    for i in range(LANES):
        j = i + LANES
        x, y = level * z[i], level * z[j]
        out[at + i] = x
        out[at + j] = y
        sums[i] += x
        sums[j] += y


@inline_jit
def _draw_with_levels(
    rule: Any,
    joint: JointNoise,
    A: Attention,
    place: Place,
    s: Floats,
    step: ColumnStep,
    buffers: Buffers,
) -> float:
    """Write the noise of a block, times the rate, to the first buffer; return its product with a.

    It is 0 on the support and past the end of the block.
    """
    stored, own, words = buffers
    real, c = s.dtype.type, joint.intercepts[place.column]
    z, sums, lanes = row_on_stack(own[ROW:]), row_on_stack(own), lanes_on_stack(words)
    copy_lanes(lanes, words)
    clear_row(z)
    clear_row(sums)
    # Under an l1 rule most blocks have all entries at zero: one level, and no roots.
    all_zero = A.block_sums[place.column, place.block, 1] == 0.0
    zeros = from_zeros(step.curve, step, s)
    nearest, near = near_zeros(step.curve, step, s)
    all_near = is_block_near_zero(nearest.curve, A.block_sums[place.column, place.block, 1])
    j = place.support
    special = next_special(A, place, j)
    for row in range(place.rows):
        at = row * np.uint64(ROW)
        prefetch(s, at + np.uint64(BLOCK), ROW)
        if place.noisy:
            fill_row(z, np.uint64(0), lanes)
        if row == special:
            j = clear_support(joint, A, place, j, row, z)
            special = next_special(A, place, j)
        if all_zero:
            _level_of_row(at, z, stored, zeros.amplitude, sums)
        elif leaves_zeros(rule) and are_zeros(s, at):
            _levels_of_row(s, at, z, stored, zeros, real(c), sums)
        elif all_near or is_row_near_zero(nearest.curve, s, at):
            _levels_of_row(s, at, z, stored, nearest, real(c), sums)
        elif is_row_near_zero(near.curve, s, at):
            _levels_of_row(s, at, z, stored, near, real(c), sums)
        else:
            _levels_of_row(s, at, z, stored, step, real(c), sums)
    add_up(sums, own)
    total = np.float64(own[0]) + np.float64(own[1])
    return c * total if all_zero else total


@inline_jit
def draw_along(
    rule: Any,
    joint: JointNoise,
    A: Attention,
    place: Place,
    s: Floats,
    numbers: tuple[ColumnStep, float],
    buffers: Buffers,
) -> ColumnStep:
    """Draw the noise of a block, its part along ``a_k`` replaced by that of `JointNoise.blocks`.

    ``numbers`` are those of the step and the rate. The first buffer receives the noise times the
    rate, without its new part, which the returned numbers have.
    """
    step, rate = numbers
    k, start = place.column, place.start
    z, c = buffers[0], joint.intercepts[k]
    real = s.dtype.type
    product = _draw_with_levels(rule, joint, A, place, s, step, buffers)
    last = first_at_least(A.positions[k], start + place.length)
    square = square_of_block(A, k, place.block, c, place.length - (last - place.support))
    part = (rate * joint.blocks[k, place.block] - product) / square if square > 0.0 else 0.0
    shift = real(part * c + rate * joint.drift[k])
    for j in range(place.support, last):
        # A support entry stays 0 in the bulk.
        z[A.positions[k, j] - start] = -shift
    for i in range(place.length, np.int64(place.rows) * ROW):
        z[i] = -shift
    return ColumnStep(
        real(np.float64(step.decay) + part),
        step.amplitude,
        step.threshold,
        step.curve,
        shift,
        step.rate,
    )
