"""The shape of the noise of W: one covariance for each column, `docs/model.md`, section 5b.

Column m has the covariance ``X + s_4 b b' - s_3 (b p' + p b') + s_2 (p p' + Cov(e_o))``, with X
common to all columns, ``b`` and ``p`` those of V and its target, and ``o`` the output of token m.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.matched.joint_state import BLOCK_COLUMNS, JointNoise
from scbsim.kernels.matched.moments import Moments
from scbsim.kernels.matched.products import PairMoments, Products
from scbsim.kernels.simd.intrinsics import LANES
from scbsim.kernels.simd.matmul import subtract_product
from scbsim.kernels.types import F64, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import ProblemConstants

_ROUNDING = 1e-12

Means: TypeAlias = tuple[float, float, float, float, float, float]
"""Means over queries of ``|a|^4 - S_4, |a|^2 q'a - S_3, |a|^2 - S_2``, and of ``S_4, S_3, S_2``."""


@internal_jit
def _factorise_block(first: Int, last: Int, largest: float, X: F64, rows: F64) -> None:
    """Factorise some columns of a matrix from which those before are subtracted.

    They are worked on as rows, which are long.
    """
    N, count = X.shape[0], last - first
    for i in range(first, N):
        for j in range(count):
            rows[j, i] = X[i, first + j]
    for j in range(count):
        pivot = rows[j, first + j]
        # All columns sum to 0, so at least one pivot is 0 up to rounding.
        scale = 1.0 / np.sqrt(pivot) if pivot > _ROUNDING * largest else 0.0
        for i in range(first + j, N):
            rows[j, i] *= scale
        for i in range(j + 1, count):
            times = rows[j, first + i]
            row, above = rows[i, first + i : N], rows[j, first + i : N]
            for n in range(row.size):
                row[n] -= times * above[n]
    for i in range(first, N):
        for j in range(count):
            X[i, first + j] = rows[j, i] if i >= first + j else 0.0


@internal_jit
def factorise(X: F64, rows: F64) -> None:
    """Replace a positive semidefinite matrix by its Cholesky factor, the lower triangular one.

    Parameters
    ----------
    X : (M, M), M a multiple of 16
        Its lower half; the upper is 0.
    rows : (32, more than M)
        Scratch.
    """
    N = X.shape[0]
    largest = 0.0
    for i in range(N):
        largest = max(largest, X[i, i])
    for first in range(0, N, BLOCK_COLUMNS):
        last = min(first + BLOCK_COLUMNS, N)
        _factorise_block(first, last, largest, X, rows)
        for column in range(last, N, LANES):
            subtract_product(X, (column, N), (first, last), column, rows)


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
    products : Products
        Its K is that of :func:`~scbsim.kernels.matched.products.pair_sums`.
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
        row, of_M, of_K = X[i], M[i], K[i]
        for j in range(i + 1):
            row[j] = c_1 * of_M[j] - c_2 * of_K[j] - c_3 * mu[i] * mu[j]
        row[i] += c_3 * mu[i]
        trace += row[i]
    factorise(X, joint.block)
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
