"""Steps of the columns of A under a gradient that is at hand: `docs/model.md`, sections 4 and 8.

Linear attention keeps ``a_k = s_k + c_k 1``, with ``c_k`` such that the column's sum is what it was
told to be; softmax attention keeps logits. Columns are shared out whole.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.batch.workspace import Work
from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.gaussian.rules import DENOISE, PROX, SGD, VANILLA, step_entry
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, StepParams
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.simd.exp import exponential_of
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import F64, Floats, Int, Real

_u64, _f64 = np.uint64, np.float64


@internal_jit
def _sum_of(x: Floats, wide: F64) -> float:
    """Return the sum of a column's entries in float64, block by block."""
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
def _step_bulk(
    rule: int, s: Floats, g: Floats, scale: Real, mean: Real, rate: Real, threshold: Real
) -> None:
    for t in range(_u64(s.size)):
        s[t] = step_entry(rule, s[t], scale * g[t] - mean, rate, threshold)


@internal_jit
def write_column(k: Int, A: Attention, sums: F64, full: Floats) -> None:
    """Write column k of A in full, from ``s`` and the column's sum."""
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
    batch: float,
    wide: F64,
) -> None:
    """Step a column of linear attention."""
    Q, rule, rate, threshold = A.support.shape[1], params.rule, params.rate_A, params.threshold[k]
    g = work.gradient[k]
    real = g.dtype.type
    mean, scale = 0.0, 1.0 / (batch * constants.mu[k])
    if rule == VANILLA:
        scale = 1.0 / batch
    else:
        # Nothing to sum where no sample has seen the column; only prox moves it then.
        mean = scale * _sum_of(g, wide) / _f64(g.size) if work.counts[k] > 0 else 0.0
    added = 0.0
    for j in range(Q):
        before = A.support[k, j]
        h = scale * _f64(g[A.positions[k, j]]) - mean
        A.support[k, j] = step_entry(rule, before, h, rate, threshold)
        added += A.support[k, j] - before
    p = (real(scale), real(mean), real(rate), real(threshold))
    if rule == PROX:
        _step_bulk(PROX, A.bulk[k], g, p[0], p[1], p[2], p[3])
    elif rule == DENOISE:
        _step_bulk(DENOISE, A.bulk[k], g, p[0], p[1], p[2], p[3])
    else:
        _step_bulk(SGD, A.bulk[k], g, p[0], p[1], p[2], p[3])
    for j in range(Q):
        A.bulk[k, A.positions[k, j]] = real(0)
    before = A.off_sums[k, 0]
    _sum_column(k, A, wide)
    if rule == VANILLA:
        # The intercept stays, and the sum of the column goes where the entries take it.
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
    batch: float,
) -> None:
    """Step one share of the columns of linear attention.

    Parameters
    ----------
    share, shares : int64
    A : Attention
    sums : (N,) float64
        ``1'a_k``.
    params : StepParams
    constants : ProblemConstants
    work : Work
        ``gradient`` and ``counts`` of the whole batch.
    batch : float64
        Its size.
    """
    N = A.support.shape[0]
    for k in range(N * share // shares, N * (share + 1) // shares):
        if work.counts[k] > 0 or params.rule == PROX:
            _step_column(k, A, sums, params, constants, work, batch, work.wide[share])


@internal_jit
def write_softmax(k: Int, A: Attention, logits: Floats, full: Floats, wide: F64) -> None:
    """Write column k of A, and its parts on and off the support, from the logits."""
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
    batch: float,
) -> None:
    """Step one share of the columns of softmax attention; parameters as :func:`step_columns`.

    Parameters
    ----------
    logits : (N, T)
        By columns, of the type of A.
    """
    N = A.support.shape[0]
    wide = work.wide[share]
    for k in range(N * share // shares, N * (share + 1) // shares):
        if work.counts[k] == 0:
            continue
        z, a, g = logits[k], work.full[k], work.gradient[k]
        real = a.dtype.type
        scale = 1.0 / batch if params.rule == VANILLA else 1.0 / (batch * constants.mu[k])
        mean = real(_sum_of_products(a, g, wide))
        step = real(params.rate_A * scale)
        for t in range(_u64(z.size)):
            z[t] -= step * (a[t] * (g[t] - mean))
        write_softmax(k, A, logits, work.full, wide)
