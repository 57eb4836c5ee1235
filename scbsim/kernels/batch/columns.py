"""Steps of the columns of A, given the gradient of a batch: `docs/model.md`, sections 4 and 8.

Linear attention is stored as ``s_k``, with ``a_k = s_k + c_k 1`` and ``c_k`` from the column's sum;
softmax attention is stored as logits. A column is stepped by one thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scbsim.kernels.batch.workspace import Work
from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.compile.rule_type import by_rule, call_own_with_memory
from scbsim.kernels.gaussian.rules import (
    call_with_rule,
    is_projected,
    moves_without_gradient,
    step_entry,
    step_support_entry,
)
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, StepParams
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.simd.exp import exponential_of
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import F64, Floats, Int, Real

_u64, _f64 = np.uint64, np.float64


@internal_jit
def _sum_of(x: Floats, wide: F64) -> float:
    """Return the sum of a column's entries in float64, added up block by block."""
    total = 0.0
    for start in range(0, x.size, BLOCK):
        count = min(BLOCK, x.size - start)
        here = x[start : start + count]
        for i in range(_u64(count)):
            wide[i] = _f64(here[i])
        total += pairwise_sum(wide[:count])
    return total


@internal_jit
def _sum_of_products(x: Floats, y: Floats, wide: F64) -> float:
    total = 0.0
    for start in range(0, x.size, BLOCK):
        count = min(BLOCK, x.size - start)
        here, there = x[start : start + count], y[start : start + count]
        for i in range(_u64(count)):
            wide[i] = _f64(here[i]) * _f64(there[i])
        total += pairwise_sum(wide[:count])
    return total


@inline_jit
def _step_bulk(rule: Any, s: Floats, g: Floats, numbers: tuple[Real, Real, Real, Real]) -> None:
    scale, mean, rate, threshold = numbers
    for t in range(_u64(s.size)):
        s[t] = step_entry(rule, s[t], scale * g[t] - mean, rate, threshold)


Numbers = tuple[Real, Real, Real, Real]


def _row(rule: Any, A: Attention, k: Int, g: Floats, numbers: Numbers) -> None:
    call_with_rule(rule, _step_bulk, A.bulk[k], g, numbers)


def _row_with_memory(rule: Any, A: Attention, k: Int, g: Floats, numbers: Numbers) -> None:
    scale, mean, rate, threshold = numbers
    s, memory = A.bulk[k], A.memory[k]
    for t in range(_u64(s.size)):
        x, m = call_own_with_memory(rule, s[t], scale * g[t] - mean, rate, threshold, memory[t])
        s[t] = x
        memory[t] = m
    for j in range(A.support.shape[1]):
        memory[A.positions[k, j]] = memory.dtype.type(0)


_step_row = by_rule(_row, _row, _row_with_memory)


Logits = tuple[Floats, Floats, Floats]


def _logits_by_code(rule: int, A: Attention, k: Int, row: Logits, numbers: Numbers) -> None:
    z, a, g = row
    scale, mean, rate, _ = numbers
    step = z.dtype.type(rate * scale)
    for t in range(_u64(z.size)):
        z[t] -= step * (a[t] * (g[t] - mean))


def _logits(rule: Any, A: Attention, k: Int, row: Logits, numbers: Numbers) -> None:
    z, a, g = row
    scale, mean, rate, threshold = numbers
    real = z.dtype.type
    scale, rate, threshold = real(scale), real(rate), real(threshold)
    for t in range(_u64(z.size)):
        z[t] = step_entry(rule, z[t], scale * (a[t] * (g[t] - mean)), rate, threshold)


def _logits_with_memory(rule: Any, A: Attention, k: Int, row: Logits, numbers: Numbers) -> None:
    z, a, g = row
    scale, mean, rate, threshold = numbers
    real, memory = z.dtype.type, A.memory[k]
    for t in range(_u64(z.size)):
        gradient = real(scale) * (a[t] * (g[t] - mean))
        x, m = call_own_with_memory(rule, z[t], gradient, rate, threshold, memory[t])
        z[t] = x
        memory[t] = m


_step_logits_row = by_rule(_logits_by_code, _logits, _logits_with_memory)


@internal_jit
def write_column(k: Int, A: Attention, sums: F64, full: Floats) -> None:
    """Write column k of A to ``full``, from ``s`` and the column's sum."""
    total = A.off_sums[k, 0]
    for j in range(A.support.shape[1]):
        total += A.support[k, j]
    c = (sums[k] - total) / _f64(full.shape[1])
    real = full.dtype.type(c)
    a, s = full[k], A.bulk[k]
    for t in range(_u64(a.size)):
        a[t] = s[t] + real
    for j in range(A.support.shape[1]):
        a[A.positions[k, j]] = full.dtype.type(A.support[k, j] + c)


@internal_jit
def _sum_column(k: Int, A: Attention, wide: F64) -> None:
    A.off_sums[k, 0] = _sum_of(A.bulk[k], wide)
    A.off_sums[k, 1] = _sum_of_products(A.bulk[k], A.bulk[k], wide)


@internal_jit
def _step_column(
    k: Int,
    A: Attention,
    sums: F64,
    params: StepParams,
    constants: ProblemConstants,
    work: Work,
    wide: F64,
) -> None:
    """Step a column of linear attention."""
    Q, rule, rate = A.support.shape[1], params.rule, params.rate_A
    threshold = params.threshold_scale * params.threshold[k]
    g = work.gradient[k]
    real, batch = g.dtype.type, params.batch
    mean, scale = 0.0, 1.0 / (batch * constants.mu[k])
    if is_projected(rule):
        # A column that no sample has as its query has gradient 0.
        mean = scale * _sum_of(g, wide) / _f64(g.size) if work.counts[k] > 0 else 0.0
    else:
        scale = 1.0 / batch
    added = 0.0
    for j in range(Q):
        before = A.support[k, j]
        h = scale * _f64(g[A.positions[k, j]]) - mean
        step_support_entry(rule, A, k, j, h, rate, threshold)
        added += A.support[k, j] - before
    numbers = (real(scale), real(mean), real(rate), real(threshold))
    _step_row(rule, A, k, g, numbers)
    for j in range(Q):
        A.bulk[k, A.positions[k, j]] = real(0)
    before = A.off_sums[k, 0]
    _sum_column(k, A, wide)
    if not is_projected(rule):
        # The intercept is constant, and the column's sum changes with its entries.
        sums[k] += (A.off_sums[k, 0] - before) + added
    write_column(k, A, sums, work.full)


@internal_jit
def step_columns(
    share: Int,
    shares: Int,
    A: Attention,
    sums: F64,
    params: StepParams,
    constants: ProblemConstants,
    work: Work,
) -> None:
    """Step one share of the columns of linear attention.

    ``work.gradient`` and ``work.counts`` must be those of the whole batch.
    """
    N = A.support.shape[0]
    for k in range(N * share // shares, N * (share + 1) // shares):
        if work.counts[k] > 0 or moves_without_gradient(params.rule):
            _step_column(k, A, sums, params, constants, work, work.wide[share])


@internal_jit
def write_softmax(k: Int, A: Attention, logits: Floats, full: Floats, wide: F64) -> None:
    """Write column k of A to ``full``, ``A.bulk`` and ``A.support``, from the logits."""
    z, a, s = logits[k], full[k], A.bulk[k]
    real = a.dtype.type
    top = z[0]
    for t in range(_u64(z.size)):
        top = max(top, z[t])
    for t in range(_u64(z.size)):
        a[t] = exponential_of(z[t] - top)
    scale = real(1.0 / _sum_of(a, wide))
    for t in range(_u64(z.size)):
        x = a[t] * scale
        a[t] = x
        s[t] = x
    for j in range(A.support.shape[1]):
        t = A.positions[k, j]
        A.support[k, j] = _f64(a[t])
        s[t] = real(0)
    _sum_column(k, A, wide)


@internal_jit
def step_logits(
    share: Int,
    shares: Int,
    A: Attention,
    logits: Floats,
    params: StepParams,
    constants: ProblemConstants,
    work: Work,
) -> None:
    """Step one share of the columns of softmax attention; see :func:`step_columns`."""
    N, batch = A.support.shape[0], params.batch
    wide = work.wide[share]
    for k in range(N * share // shares, N * (share + 1) // shares):
        if work.counts[k] == 0 and not moves_without_gradient(params.rule):
            continue
        z, a, g = logits[k], work.full[k], work.gradient[k]
        real = a.dtype.type
        scale = 1.0 / (batch * constants.mu[k]) if is_projected(params.rule) else 1.0 / batch
        mean = real(_sum_of_products(a, g, wide))
        threshold = params.threshold_scale * params.threshold[k]
        _step_logits_row(params.rule, A, k, (z, a, g), (scale, mean, params.rate_A, threshold))
        write_softmax(k, A, logits, work.full, wide)
