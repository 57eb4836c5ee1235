"""The four scalars that couple A and V, and the observables: `docs/model.md`, sections 2 and 7.

Sums are over centred entries, which avoids cancellation.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, inner_inline, internal_jit, kernel
from scbsim.kernels.compile.plain_kernels import PLAIN
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, Value
from scbsim.kernels.simd.intrinsics import stack_array
from scbsim.kernels.types import F64, Couplings, Int

_EPSILON = 2.0**-52


@inner_inline
def _allocated_row(like: F64) -> F64:
    return np.empty(9)


make_row = _allocated_row if PLAIN else stack_array(9)
"""``make_row(like)``: an array for the observables of a step; the type is that of ``like``."""


@inline_jit
def _spread(sums: F64, count: float, mean: float) -> float:
    """Return the sum of squared distances from ``mean``, given sum and sum of squares."""
    if count == 0.0:
        return 0.0
    own = sums[0] / count
    return max(sums[1] - sums[0] * own, 0.0) + count * (own - mean) * (own - mean)


@internal_jit
def _couple(
    support: F64,
    weights: F64,
    off_sums: F64,
    scalars: F64,
    constants: ProblemConstants,
    row: F64,
) -> Couplings:
    """Do :func:`couple` by the arrays that it reads, so that it is compiled once for all A."""
    N, Q = support.shape
    T = constants.T
    rest = T - Q
    nA, qA = 0.0, 0.0
    for k in range(N):
        total = off_sums[k, 0]
        for j in range(Q):
            total += support[k, j]
        mean = total / T
        squares = _spread(off_sums[k], rest, mean)
        product = (rest * mean - off_sums[k, 0]) / T
        for j in range(Q):
            s = support[k, j] - mean
            squares += s * s
            product += s * (weights[k, j] - 1.0 / T)
        nA += constants.mu[k] * squares
        qA += constants.mu[k] * product
    alpha = qA / constants.K_Q if constants.K_Q > 0.0 else 0.0
    delta = 0.0
    for k in range(N):
        total = off_sums[k, 0]
        for j in range(Q):
            total += support[k, j] - alpha * weights[k, j]
        mean = total / T
        squares = _spread(off_sums[k], rest, mean)
        for j in range(Q):
            d = support[k, j] - alpha * weights[k, j] - mean
            squares += d * d
        delta += constants.mu[k] * squares
    # A state on the target's line must have a noise part of exactly 0, not of rounding errors.
    # A sum over the columns has a relative error of about N units in the last place, as has alpha.
    rounding = (N + 4) * _EPSILON
    if delta < rounding * rounding * nA:
        delta = 0.0
    return write_observables((alpha, delta, nA, qA), scalars, constants, row)


@internal_jit
def couple(A: Attention, V: Value, constants: ProblemConstants, row: F64) -> Couplings:
    """Write the observables of a state, and return the scalars that the next step needs.

    Parameters
    ----------
    A : Attention
        ``off_sums`` must be up to date; the bulk is not read.
    row : (9,) float64
        Receives the observables in the order of `scbsim.observables.OBSERVABLES`.

    Returns
    -------
    nA, qA, kappa, kappa_prime : float64
        ``||A||_mu^2``, ``<Q, A>_mu``, ``||W||_F^2`` and ``<W, P~>_F``.
    """
    return _couple(A.support, A.weights, A.off_sums, V.scalars, constants, row)


@internal_jit
def write_observables(
    of_A: Couplings, scalars: F64, constants: ProblemConstants, row: F64
) -> Couplings:
    """Write the observables from the scalars of A and V; returns the same as :func:`couple`.

    Parameters
    ----------
    of_A : (alpha_A, square, nA, qA)
        ``square`` is ``||Delta_A||_mu^2``; the last two are without their ``1/T``.
    scalars : (2,) float64
        ``Value.scalars``.
    row : (9,) float64
        Receives the observables.
    """
    alpha, delta, nA, qA = of_A
    T = constants.T
    nA += 1.0 / T
    qA += 1.0 / T
    alpha_V, rest_V = scalars[0], scalars[1]
    kappa = alpha_V * alpha_V * constants.K_P + rest_V
    kappa_prime = alpha_V * constants.K_P
    square = constants.mu_square
    norm_Q, norm_P = constants.K_Q + 1.0 / T, constants.K_P + square
    row[0] = alpha
    row[1] = alpha_V
    row[2] = np.sqrt(delta)
    row[3] = np.sqrt(rest_V)
    row[4] = np.sqrt((1.0 - alpha) * (1.0 - alpha) * constants.K_Q + delta)
    row[5] = np.sqrt(
        (1.0 - alpha_V) * (1.0 - alpha_V) * constants.K_P + rest_V + constants.mean_off
    )
    row[6] = qA / np.sqrt(nA * norm_Q)
    row[7] = (kappa_prime + constants.mean_dot) / np.sqrt((kappa + constants.mean_square) * norm_P)
    row[8] = 0.5 * (1.0 - square - 2.0 * qA * kappa_prime + nA * kappa + constants.mean_off)
    return nA, qA, kappa, kappa_prime


@internal_jit
def keep_row(rows: F64, taken: Int, row: F64) -> None:
    """Copy the observables of a step to its row, in a loop.

    ``rows[taken, :] = row`` has numba compile the message of an error for unlike shapes, and with
    it its strings: a second for every process that compiles.
    """
    for i in range(row.size):
        rows[taken, i] = row[i]


@kernel
def observe(A: Attention, V: Value, constants: ProblemConstants, row: F64) -> None:
    """Write the observables of a state; the entry point of :func:`couple`."""
    couple(A, V, constants, row)
