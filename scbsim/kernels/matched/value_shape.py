"""The shape of the noise of W: one covariance for each column, `docs/model.md`, section 5b.

Column m has the covariance ``X + s_4 b b' - s_3 (b p' + p b') + s_2 (p p' + Cov(e_o))``, with X
common to all columns, ``b`` and ``p`` those of V and its target, and ``o`` the output of token m.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.matched.moments import Moments
from scbsim.kernels.matched.products import PairMoments, Products
from scbsim.kernels.types import F64

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import ProblemConstants

_ROUNDING = 1e-12


class Shape(NamedTuple):
    """Factors of the covariances."""

    factor: F64  # (N, width): upper triangular U with ``X = U'U``, padded with zeros
    # (5,): the lower triangular factor of [[s_4, -s_3], [-s_3, s_2]] by rows; sqrt(s_2); and the
    # level that the noise is multiplied by
    mix: F64


@internal_jit
def _factorise(X: F64) -> None:
    """Replace a positive semidefinite matrix by its upper triangular factor, row by row."""
    N = X.shape[0]
    largest = 0.0
    for i in range(N):
        largest = max(largest, X[i, i])
    for j in range(N):
        pivot = X[j, j]
        # All columns sum to 0, so at least one pivot is 0 up to rounding.
        scale = 1.0 / np.sqrt(pivot) if pivot > _ROUNDING * largest else 0.0
        for i in range(j):
            X[j, i] = 0.0
        for i in range(j, N):
            X[j, i] *= scale
        for i in range(j + 1, N):
            times = X[j, i]
            if times != 0.0:
                row, above = X[i, i:N], X[j, i:N]
                for n in range(row.size):
                    row[n] -= times * above[n]


@internal_jit
def set_shape(
    sums: tuple[float, float, float, float, float, float],
    m: Moments,
    p: PairMoments,
    products: Products,
    constants: ProblemConstants,
    alpha: float,
    rest: float,
    shape: Shape,
) -> float:
    """Compute the factors; return the variance outside of W and its target, projected.

    Parameters
    ----------
    sums : six float64
        Means over queries of ``|a|^4 - S_4, |a|^2 q'a - S_3, |a|^2 - S_2``, and of ``S_4, S_3,
        S_2``.
    alpha, rest : float64
        The signal of V and the square of its rest; 0 if W is on the target's line.
    """
    c_1, c_2, c_3, s_4, s_3, s_2 = sums
    mu, N = constants.mu, constants.mu.size
    X, M, K = shape.factor, products.M, products.K
    trace = 0.0
    for i in range(N):
        for j in range(N):
            X[i, j] = c_1 * M[i, j] - c_2 * (K[i, j] + K[j, i]) - c_3 * mu[i] * mu[j]
        X[i, i] += c_3 * mu[i]
        trace += X[i, i]
    _factorise(X)
    shape.mix[0] = np.sqrt(s_4)
    shape.mix[1] = -s_3 / shape.mix[0] if s_4 > 0.0 else 0.0
    shape.mix[2] = np.sqrt(max(s_2 - shape.mix[1] * shape.mix[1], 0.0))
    shape.mix[3] = np.sqrt(s_2)
    total = (N - 1) * trace + s_4 * (m.square - m.kappa) - 2.0 * s_3 * (m.product - m.kappa_prime)
    total += s_2 * ((N - 1) * (1.0 - constants.mu_square))
    total -= 2.0 * s_2 * (m.outputs - N * constants.mu_square)
    PP = c_1 * p.MH - 2.0 * c_2 * p.HK + c_3 * p.CH + s_4 * p.F22 - 2.0 * s_3 * p.F13 + s_2 * p.FPP
    if constants.K_P > 0.0:
        total -= PP / constants.K_P
    if rest > 0.0:
        WW = c_1 * m.M2 - 2.0 * c_2 * m.KM + c_3 * m.CM
        WW += s_4 * m.F4 - 2.0 * s_3 * m.F3 + s_2 * m.FZ
        WP = c_1 * m.KM - c_2 * (p.K2 + p.KK) + c_3 * p.CK
        WP += s_4 * m.F3 - s_3 * (p.F22x + p.F22) + s_2 * p.FZP
        total -= (WW - 2.0 * alpha * WP + alpha * alpha * PP) / rest
    return total
