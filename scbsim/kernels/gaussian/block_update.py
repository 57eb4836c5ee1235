"""The step of a block of the bulk: normals, update under a rule, and sums, row by row.

A row of 64 entries is drawn, stepped and summed before the next, in two loops over the lanes of
`random.normal` that share a row of normals on the stack. Sums are kept by lane.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scbsim.kernels.compile.jit import by_presence, inline_jit, internal_jit
from scbsim.kernels.compile.rule_type import by_rule, call_own_with_memory
from scbsim.kernels.gaussian.bulk_noise import (
    Buffers,
    Place,
    clear_support,
    draw_along,
    draw_block,
    next_special,
)
from scbsim.kernels.gaussian.column_step import (
    ColumnStep,
    entry_noise,
    from_zeros,
    is_block_near_zero,
    is_row_near_zero,
    near_zeros,
    quiet_size,
)
from scbsim.kernels.gaussian.rules import call_with_rule, leaves_zeros, step_entry
from scbsim.kernels.gaussian.state import Attention, StepParams
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
from scbsim.kernels.random.row_sums import add_entries, add_up, clear_row, sum_block
from scbsim.kernels.simd.intrinsics import are_within, are_zeros, stack_array
from scbsim.kernels.simd.prefetch import prefetch
from scbsim.kernels.types import U32, Floats, Real

_ROW, _BLOCK, _FIRST = np.uint64(ROW), np.uint64(BLOCK), np.uint64(0)

_block_on_stack = stack_array(BLOCK)


def _rate(rule: int, rate: float, z: Floats) -> tuple[float, None]:
    return rate, None


def _rate_apart(rule: Any, rate: float, z: Floats) -> tuple[float, Real]:
    return 1.0, z.dtype.type(rate)


factor_and_rate = by_rule(_rate, _rate_apart, _rate_apart)
"""``factor_and_rate(rule, rate, z)``: by what `ColumnStep` is multiplied, and its ``rate``."""


def _one(rule: int, step: ColumnStep, one: Real) -> Real:
    return one


def _own_rate(rule: Any, step: ColumnStep, one: Real) -> Real | None:
    return step.rate


_rate_in_loop = by_rule(_one, _own_rate, _own_rate)


@inline_jit
def _next(rule: Any, s: Real, z: Real, step: ColumnStep, one: Real) -> Real:
    """Return the next value of an entry off the support; ``one`` is 1 in its type."""
    change = step.decay * s + entry_noise(step.shift, step, s, z)
    return step_entry(rule, s, change, _rate_in_loop(rule, step, one), step.threshold)


@inline_jit
def _update_row(
    rule: Any,
    s: Floats,
    at: np.uint64,
    z: Floats,
    first: np.uint64,
    step: ColumnStep,
    sums: Floats,
) -> None:
    """Step a row, at ``s[at:]``, with the normals in ``z[first:]``."""
    one = s.dtype.type(1)
    for i in range(LANES):
        j = i + LANES
        a = _next(rule, s[at + i], z[first + i], step, one)
        b = _next(rule, s[at + j], z[first + j], step, one)
        s[at + i] = a
        s[at + j] = b
        add_entries(sums, i, a, b)


@inline_jit
def _draw_and_update(
    rule: Any, s: Floats, own: Floats, rest: tuple[Attention, Place, ColumnStep, U32]
) -> None:
    """Draw and step the rows of a block; write its two sums to ``own``."""
    A, place, step, words = rest
    z, sums = row_on_stack(own[ROW:]), row_on_stack(own)
    lanes = lanes_on_stack(words)
    copy_lanes(lanes, words)
    clear_row(z)
    clear_row(sums)
    j = place.support
    special = next_special(A, place, j)
    zeros = from_zeros(step.curve, step, s)
    nearest, near = near_zeros(step.curve, step, s)
    all_near = is_block_near_zero(nearest.curve, A.block_sums[place.column, place.block, 1])
    quiet = quiet_size(rule, step.threshold, zeros.amplitude, s.dtype.type(0))
    if quiet >= 0:
        quiet /= zeros.amplitude
    stepped = False
    for row in range(place.rows):
        at = row * _ROW
        # Memory delivers the entries of the next block while this one is stepped.
        prefetch(s, at + _BLOCK, ROW)
        if place.noisy:
            fill_row(z, np.uint64(0), lanes)
        if row == special:
            j = clear_support(None, A, place, j, row, z)
            special = next_special(A, place, j)
        if leaves_zeros(rule) and quiet >= 0 and are_zeros(s, at):
            # Zeros have one level, without a root, and most rows of them stay what they are.
            if not are_within(z, np.int64(0), quiet):
                _update_row(rule, s, at, z, _FIRST, zeros, sums)
                stepped = True
        else:
            if all_near or is_row_near_zero(nearest.curve, s, at):
                _update_row(rule, s, at, z, _FIRST, nearest, sums)
            elif is_row_near_zero(near.curve, s, at):
                _update_row(rule, s, at, z, _FIRST, near, sums)
            else:
                _update_row(rule, s, at, z, _FIRST, step, sums)
            stepped = True
    if stepped:
        add_up(sums, own)
    else:
        own[0], own[1] = own.dtype.type(0), own.dtype.type(0)


@inline_jit
def _update(
    rule: Any, s: Floats, z: Floats, rest: tuple[Floats, np.uint64, ColumnStep, Real]
) -> None:
    """Step the rows of a block, whose normals are in ``z``; write its two sums to the rest's first.

    ``z`` is on the stack.
    """
    own, rows, step, quiet = rest
    sums = row_on_stack(own)
    clear_row(sums)
    stepped = False
    for row in range(rows):
        at = row * _ROW
        if leaves_zeros(rule) and quiet >= 0 and are_zeros(s, at) and are_within(z, at, quiet):
            continue
        _update_row(rule, s, at, z, at, step, sums)
        stepped = True
    if stepped:
        add_up(sums, own)
    else:
        own[0], own[1] = own.dtype.type(0), own.dtype.type(0)


@internal_jit
def _draw_and_update_by_rule(
    rule: Any, s: Floats, own: Floats, A: Attention, place: Place, step: ColumnStep, words: U32
) -> tuple[float, float]:
    call_with_rule(rule, _draw_and_update, s, own, (A, place, step, words))
    return np.float64(own[0]), np.float64(own[1])


@inline_jit
def _update_by_rule(
    rule: Any, s: Floats, own: Floats, z: Floats, rows: np.uint64, step: ColumnStep
) -> tuple[float, float]:
    zeros = from_zeros(step.curve, step, s)
    assert step.shift is not None
    quiet = quiet_size(rule, step.threshold, zeros.amplitude, step.shift)
    call_with_rule(rule, _update, s, z, (own, rows, step, quiet))
    return np.float64(own[0]), np.float64(own[1])


@internal_jit
def _update_with_memory(rule: Any, s: Floats, z: Floats, memory: Floats, step: ColumnStep) -> None:
    for i in range(np.uint64(memory.size)):
        gradient = step.decay * s[i] + entry_noise(step.shift, step, s[i], z[i])
        x, m = call_own_with_memory(rule, s[i], gradient, step.rate, step.threshold, memory[i])
        s[i] = x
        memory[i] = m


def _without_memory(
    rule: Any, A: Attention, place: Place, s: Floats, step: ColumnStep, buffers: Buffers
) -> tuple[float, float]:
    _, own, words = buffers
    return _draw_and_update_by_rule(rule, s, own, A, place, step, words)


def _with_memory(
    rule: Any, A: Attention, place: Place, s: Floats, step: ColumnStep, buffers: Buffers
) -> tuple[float, float]:
    z, own, words = buffers
    draw_block(A, place, z, own, words)
    return _step_stored(rule, A, place, s, step, buffers)


def _stored_without_memory(
    rule: Any, A: Attention, place: Place, s: Floats, step: ColumnStep, buffers: Buffers
) -> tuple[float, float]:
    z, own, _ = buffers
    return _update_by_rule(rule, s, own, z, place.rows, step)


def _stored_with_memory(
    rule: Any, A: Attention, place: Place, s: Floats, step: ColumnStep, buffers: Buffers
) -> tuple[float, float]:
    # The sums are taken in a loop of their own: for a third array that is written LLVM would give
    # up on vectors, as too many pairs could overlap.
    z, own, _ = buffers
    memory = A.memory[place.column, place.start : place.start + place.length]
    _update_with_memory(rule, s, z, memory, step)
    return sum_block(s, place.rows, own)


_draw_and_step = by_rule(_without_memory, _without_memory, _with_memory)

_step_stored = by_rule(_stored_without_memory, _stored_without_memory, _stored_with_memory)


@internal_jit
def _step_jointly(
    joint: JointNoise,
    rule: Any,
    A: Attention,
    place: Place,
    s: Floats,
    numbers: tuple[ColumnStep, float],
    buffers: Buffers,
) -> tuple[float, float]:
    """Draw a block's noise, its product with a_k, and step."""
    like, own, words = buffers
    z = _block_on_stack(like)
    # The product of a block's noise with a_k must be known before any of its entries is stepped.
    step = draw_along(rule, joint, A, place, s, numbers, (z, own, words))
    return _step_stored(rule, A, place, s, step, (z, own, words))


def _alone(
    joint: None,
    params: StepParams,
    A: Attention,
    place: Place,
    s: Floats,
    numbers: tuple[ColumnStep, float],
    buffers: Buffers,
) -> tuple[float, float]:
    return _draw_and_step(params.rule, A, place, s, numbers[0], buffers)


def _jointly(
    joint: JointNoise,
    params: StepParams,
    A: Attention,
    place: Place,
    s: Floats,
    numbers: tuple[ColumnStep, float],
    buffers: Buffers,
) -> tuple[float, float]:
    return _step_jointly(joint, params.rule, A, place, s, numbers, buffers)


step_block = by_presence(_alone, _jointly)
"""``step_block(joint, params, A, place, s, (step, factor), buffers)``: draw the noise, and step.

``s`` are the entries of the block, filled up with zeros to whole rows; ``factor`` is that of
:func:`factor_and_rate`; the last of the buffers has the first states of the lanes. Returns the sum
of the entries and the sum of their squares.
"""
