"""The shape of the noise of W: one covariance for each column, `docs/model.md`, section 5b.

Column m has the covariance ``X + s_4 b b' - s_3 (b p' + p b') + s_2 (p p' + Cov(e_o))``, with X
common to all columns, ``b`` and ``p`` those of V and its target, and ``o`` the output of token m.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.moments import Moments
from scbsim.kernels.matched.products import PairMoments, Products
from scbsim.kernels.types import F64

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import ProblemConstants

_ROUNDING = 1e-12

Means: TypeAlias = tuple[float, float, float, float, float, float]
"""Means over queries of ``|a|^4 - S_4, |a|^2 q'a - S_3, |a|^2 - S_2``, and of ``S_4, S_3, S_2``."""


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
    sums: Means,
    of_V: tuple[Moments, PairMoments],
    products: Products,
    constants: ProblemConstants,
    plane: tuple[float, float],
    joint: JointNoise,
) -> float:
    """Set ``joint.shape`` and most of ``joint.mix``.

    Returns the variance outside of W and its target, projected.

    Parameters
    ----------
    plane : (alpha, rest)
        The signal of V and the square of its rest; 0 if W is on the target's line.
    """
    m, p = of_V
    alpha, rest = plane
    c_1, c_2, c_3, s_4, s_3, s_2 = sums
    mu, N = constants.mu, constants.mu.size
    X, M, K = joint.shape, products.M, products.K
    trace = 0.0
    for i in range(N):
        for j in range(N):
            X[i, j] = c_1 * M[i, j] - c_2 * (K[i, j] + K[j, i]) - c_3 * mu[i] * mu[j]
        X[i, i] += c_3 * mu[i]
        trace += X[i, i]
    _factorise(X)
    joint.mix[0] = np.sqrt(s_4)
    joint.mix[1] = -s_3 / joint.mix[0] if s_4 > 0.0 else 0.0
    joint.mix[2] = np.sqrt(max(s_2 - joint.mix[1] * joint.mix[1], 0.0))
    joint.mix[3] = np.sqrt(s_2)
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
