"""Noise levels of matched noise, computed from sums over A and V: `docs/model.md`, section 5b."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel
from scbsim.kernels.matched import coefficients as term
from scbsim.kernels.matched.moments import Moments
from scbsim.kernels.types import F64, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Attention, ProblemConstants


class Levels(NamedTuple):
    """Levels of matched noise for one batch size."""

    of_A: F64  # (N, 6): coefficients of the variances of A's entries, see `coefficients`
    of_zeros: F64  # (N,): level of an entry at 0 off the support
    of_V: F64  # (1,): level of each coordinate of W, before projection


@inline_jit
def sums_off_support(k: Int, T: float, c: float, A: Attention, powers: F64) -> tuple[float, float]:
    """Return the sums of ``a^2`` and ``a^4`` off the support."""
    s_1, s_2, s_3, s_4 = A.off_sums[k, 0], A.off_sums[k, 1], powers[k, 0], powers[k, 1]
    n = T - A.support.shape[1]
    a_2 = s_2 + c * (2.0 * s_1 + n * c)
    return a_2, s_4 + c * (4.0 * s_3 + c * (6.0 * s_2 + c * (4.0 * s_1 + n * c)))


@inline_jit
def sums_of_column(
    k: Int, T: float, A: Attention, powers: F64
) -> tuple[float, float, float, float, float, float]:
    """Return ``c``, and the sums of ``a^2, a^4, q a, q a^2, q a^3`` of ``a = s + c``."""
    Q = A.support.shape[1]
    total = A.off_sums[k, 0]
    for j in range(Q):
        total += A.support[k, j]
    c = (1.0 - total) / T
    a_2, a_4 = sums_off_support(k, T, c, A, powers)
    qa, qa_2, qa_3 = 0.0, 0.0, 0.0
    for j in range(Q):
        a, q = A.support[k, j] + c, A.weights[k, j]
        a_2 += a * a
        a_4 += (a * a) * (a * a)
        qa += q * a
        qa_2 += q * a * a
        qa_3 += q * a * a * a
    return c, a_2, a_4, qa, qa_2, qa_3


@internal_jit
def levels_of(
    A: Attention,
    powers: F64,
    constants: ProblemConstants,
    of_V: Moments,
    batch: float,
    levels: Levels,
) -> None:
    """Compute the levels of a state; parameters as :func:`set_levels`."""
    m, N, mu_square = of_V, A.support.shape[0], constants.mu_square
    nA, qA, total = 0.0, 0.0, 0.0
    for k in range(N):
        mu = constants.mu[k]
        c, a_2, a_4, qa, qa_2, qa_3 = sums_of_column(k, constants.T, A, powers)
        shared = 1.0 / (batch * mu)
        row = levels.of_A[k]
        row[term.INTERCEPT] = c
        row[term.BASE] = shared * (a_2 * m.M2 - 2.0 * qa * m.KM + m.CM)
        row[term.SQUARE] = shared * (m.F4 - m.M2) - m.kappa * m.kappa / batch
        row[term.CROSS] = 2.0 * (shared * (m.KM - m.F3) + m.kappa * m.kappa_prime / batch)
        row[term.WEIGHT] = shared * (m.FZ - m.CM)
        row[term.WEIGHT_SQUARE] = -m.kappa_prime * m.kappa_prime / batch
        levels.of_zeros[k] = np.sqrt(max(row[term.BASE] + c * c * row[term.SQUARE], 0.0))
        nA += mu * a_2
        qA += mu * qa
        predicted = (a_2 * a_2 - a_4) * (N + 1) * m.kappa + a_4 * (m.square - m.kappa)
        crossed = (a_2 * qa - qa_3) * (N + 1) * m.kappa_prime
        crossed += qa_3 * (m.product - m.kappa_prime)
        output = (a_2 - qa_2) * (N - 1) * (1.0 - mu_square)
        output += qa_2 * (N * (1.0 + mu_square) - 2.0 * m.outputs - (1.0 - mu_square))
        total += mu * (predicted - 2.0 * crossed + output)
    total -= nA * nA * m.kappa - 2.0 * nA * qA * m.kappa_prime + qA * qA * constants.K_P
    levels.of_V[0] = np.sqrt(max(total, 0.0) / (constants.D_V * batch))


@kernel
def set_levels(
    A: Attention,
    powers: F64,
    constants: ProblemConstants,
    of_V: Moments,
    batch: float,
    levels: Levels,
) -> None:
    """Compute the levels of a state.

    Parameters
    ----------
    A : Attention
        Its bulk is not read.
    powers : (N, 2) float64
        Sums of third and fourth powers off the support.
    batch : float64
        Samples in a batch.
    levels : Levels
        Receives the result.
    """
    levels_of(A, powers, constants, of_V, batch, levels)
