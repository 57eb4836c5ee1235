"""The update of a block of the bulk under a rule, with the sums of its entries."""

from __future__ import annotations

from typing import Any

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.compile.rule_type import by_rule, call_own_with_memory
from scbsim.kernels.gaussian.bulk_noise import ColumnStep, entry_noise
from scbsim.kernels.gaussian.rules import call_with_rule, step_entry
from scbsim.kernels.gaussian.state import Attention
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import Floats, Int, Real

LANES = np.uint64(BLOCK // 4)


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
def _update(rule: Any, s: Floats, z: Floats, rest: tuple[Int, ColumnStep, Floats, Floats]) -> None:
    """Step a whole block in four streams; write sums of four entries and of their squares.

    Distances between the streams are constants and indices unsigned: see `xoshiro.fill_words`.
    """
    rows, step, sum_1, sum_2 = rest
    one = s.dtype.type(1)
    for i in range(np.uint64(rows)):
        j, k, m = i + LANES, i + np.uint64(2) * LANES, i + np.uint64(3) * LANES
        a = _next(rule, s[i], z[i], step, one)
        b = _next(rule, s[j], z[j], step, one)
        c = _next(rule, s[k], z[k], step, one)
        d = _next(rule, s[m], z[m], step, one)
        s[i] = a
        s[j] = b
        s[k] = c
        s[m] = d
        sum_1[i] = (a + b) + (c + d)
        sum_2[i] = (a * a + b * b) + (c * c + d * d)


@internal_jit
def _update_by_rule(
    rule: Any, s: Floats, z: Floats, rows: Int, step: ColumnStep, sum_1: Floats, sum_2: Floats
) -> tuple[float, float]:
    """Step a block; return the sum of its entries and the sum of their squares."""
    call_with_rule(rule, _update, s, z, (rows, step, sum_1, sum_2))
    return np.float64(pairwise_sum(sum_1[:rows])), np.float64(pairwise_sum(sum_2[:rows]))


@inline_jit
def sum_quarters(s: Floats, rows: Int, sum_1: Floats, sum_2: Floats) -> None:
    """Write sums of four entries of a block, and of their squares."""
    for i in range(np.uint64(rows)):
        a, b = s[i], s[i + LANES]
        c, d = s[i + np.uint64(2) * LANES], s[i + np.uint64(3) * LANES]
        sum_1[i] = (a + b) + (c + d)
        sum_2[i] = (a * a + b * b) + (c * c + d * d)


@internal_jit
def _update_with_memory(rule: Any, s: Floats, z: Floats, memory: Floats, step: ColumnStep) -> None:
    for i in range(np.uint64(memory.size)):
        gradient = step.decay * s[i] + entry_noise(step.shift, step, s[i], z[i])
        x, m = call_own_with_memory(rule, s[i], gradient, step.rate, step.threshold, memory[i])
        s[i] = x
        memory[i] = m


def _without_memory(
    rule: Any,
    A: Attention,
    which: tuple[Int, Int],
    s: Floats,
    z: Floats,
    step: ColumnStep,
    sums: tuple[Int, Floats, Floats],
) -> tuple[float, float]:
    rows, sum_1, sum_2 = sums
    return _update_by_rule(rule, s, z, rows, step, sum_1, sum_2)


def _with_memory(
    rule: Any,
    A: Attention,
    which: tuple[Int, Int],
    s: Floats,
    z: Floats,
    step: ColumnStep,
    sums: tuple[Int, Floats, Floats],
) -> tuple[float, float]:
    # The sums are taken in a loop of their own: for a third array that is written LLVM would give
    # up on vectors, as too many pairs could overlap.
    (k, block), (rows, sum_1, sum_2) = which, sums
    memory = A.memory[k, block * BLOCK : min((block + 1) * BLOCK, A.memory.shape[1])]
    _update_with_memory(rule, s, z, memory, step)
    sum_quarters(s, rows, sum_1, sum_2)
    return np.float64(pairwise_sum(sum_1[:rows])), np.float64(pairwise_sum(sum_2[:rows]))


update_block = by_rule(_without_memory, _without_memory, _with_memory)
"""``update_block(rule, A, which, s, z, step, sums)``: step a block of the bulk.

``which`` is its column and number, ``s`` and ``z`` its entries and normals, filled up with zeros,
and ``sums`` the number of rows of sums and their two buffers. Returns the sum of the entries and
the sum of their squares.
"""
