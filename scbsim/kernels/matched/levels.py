"""The levels of matched noise from sums over A and V: `docs/model.md`, section 5b."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, kernel
from scbsim.kernels.matched.coefficients import (
    BASE,
    CROSS,
    INTERCEPT,
    SQUARE,
    WEIGHT,
    WEIGHT_SQUARE,
)
from scbsim.kernels.matched.moments import Moments
from scbsim.kernels.types import F64, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import ProblemConstants


class Levels(NamedTuple):
    """Levels of matched noise, of a batch.

    Attributes
    ----------
    of_A : (N, 6) float64
        Coefficients of the variances of A's entries: see `matched`.
    of_zeros : (N,) float64
        Level of an entry that is at 0 off the support.
    of_V : (1,) float64
        Level of each coordinate of W, before projection.
    """

    of_A: F64
    of_zeros: F64
    of_V: F64


@inline_jit
def _sums_of_column(
    k: Int, T: float, support: F64, weights: F64, off_sums: F64, powers: F64
) -> tuple[float, float, float, float, float, float]:
    """Return ``c``, and of ``a = s + c`` the sums of ``a^2, a^4, q a, q a^2, q a^3``."""
    Q = support.shape[1]
    s_1, s_2, s_3, s_4 = off_sums[k, 0], off_sums[k, 1], powers[k, 0], powers[k, 1]
    total = s_1
    for j in range(Q):
        total += support[k, j]
    c = (1.0 - total) / T
    n = T - Q
    a_2 = s_2 + c * (2.0 * s_1 + n * c)
    a_4 = s_4 + c * (4.0 * s_3 + c * (6.0 * s_2 + c * (4.0 * s_1 + n * c)))
    qa, qa_2, qa_3 = 0.0, 0.0, 0.0
    for j in range(Q):
        a, q = support[k, j] + c, weights[k, j]
        a_2 += a * a
        a_4 += (a * a) * (a * a)
        qa += q * a
        qa_2 += q * a * a
        qa_3 += q * a * a * a
    return c, a_2, a_4, qa, qa_2, qa_3


@kernel
def set_levels(
    support: F64,
    weights: F64,
    off_sums: F64,
    powers: F64,
    constants: ProblemConstants,
    of_V: Moments,
    batch: float,
    levels: Levels,
) -> None:
    """Renew the levels.

    Parameters
    ----------
    support, weights, off_sums
        Those of `state.Attention`.
    powers : (N, 2) float64
        Sums of third and fourth powers off the support.
    constants : ProblemConstants
    of_V : Moments
    batch : float64
        Samples in a batch.
    levels : Levels
        Receives them.
    """
    m, N, mu_square = of_V, support.shape[0], constants.mu_square
    nA, qA, total = 0.0, 0.0, 0.0
    for k in range(N):
        mu = constants.mu[k]
        c, a_2, a_4, qa, qa_2, qa_3 = _sums_of_column(
            k, constants.T, support, weights, off_sums, powers
        )
        shared = 1.0 / (batch * mu)
        row = levels.of_A[k]
        row[INTERCEPT] = c
        row[BASE] = shared * (a_2 * m.M2 - 2.0 * qa * m.KM + m.CM)
        row[SQUARE] = shared * (m.F4 - m.M2) - m.kappa * m.kappa / batch
        row[CROSS] = 2.0 * (shared * (m.KM - m.F3) + m.kappa * m.kappa_prime / batch)
        row[WEIGHT] = shared * (m.FZ - m.CM)
        row[WEIGHT_SQUARE] = -m.kappa_prime * m.kappa_prime / batch
        levels.of_zeros[k] = np.sqrt(max(row[BASE] + c * c * row[SQUARE], 0.0))
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
