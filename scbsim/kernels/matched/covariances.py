"""Covariances of a gradient's noise, column by column: `docs/model.md`, section 5b.

Of a sample with query k, ``y = (g_1 .. g_Q, h, x)``: the gradient at the support entries of column
k of A; that off the support, along the unit vector of ``a_k`` there; and ``<G_W, P~>``. The first
two are before the division by ``mu_k``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel
from scbsim.kernels.matched import coefficients as term
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.levels import Levels, sums_of_column, sums_off_support, write_levels
from scbsim.kernels.matched.moments import Moments, joint_moments
from scbsim.kernels.matched.products import PairMoments, Products
from scbsim.kernels.matched.value_shape import Means, set_shape
from scbsim.kernels.types import F64, Int, Real

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Attention, Model, Value

_ROUNDING = 1e-9
_TINY = 1e-12
"""Of the squared norm of W, the part off the target's line that counts as 0."""


@inline_jit
def has_rest(rest: float, kappa: float) -> bool:
    """Return whether W is off the target's line; ``rest`` is the square of its distance."""
    return rest > _TINY * kappa


@internal_jit
def _second_moments(
    k: Int,
    A: Attention,
    sums: tuple[float, float, float, float, float, float],
    off: tuple[float, float],
    of_V: tuple[Moments, PairMoments],
    K_P: float,
    out: tuple[F64, F64],
) -> None:
    """Write the mean and the second moments of y, with ``h`` times the norm off the support."""
    m, p = of_V
    mean, second = out
    c, a_2, a_4, qa, qa_2, qa_3 = sums
    A2, A4 = off
    Q = A.support.shape[1]
    h, x = Q, Q + 1
    both = m.kappa * m.kappa_prime + m.KM
    twice = both + m.KM
    square = m.kappa * m.kappa + m.M2
    mixed = m.kappa * K_P + p.KK + p.MH + p.K2
    mean[h] = m.kappa * A2
    mean[x] = a_2 * m.kappa_prime - qa * K_P
    for j in range(Q):
        a, q = A.support[k, j] + c, A.weights[k, j]
        aa = a * a
        mean[j] = m.kappa * a - m.kappa_prime * q
        second[j, j] = (
            (a_2 - aa) * m.M2
            + aa * m.F4
            - 2.0 * ((qa - q * a) * m.KM + q * a * m.F3)
            + (1.0 - q) * m.CM
            + q * m.FZ
        )
        for i in range(j):
            b, w = A.support[k, i] + c, A.weights[k, i]
            second[j, i] = a * b * square - (a * w + b * q) * both
        second[h, j] = A2 * (a * square - q * both)
        second[x, j] = (
            a * ((a_2 - aa) * twice + aa * m.F3)
            - q * (aa * (p.F22x + p.F22) + (a_2 - aa) * (p.KK + m.kappa_prime * m.kappa_prime))
            - (qa - q * a) * a * mixed
            + q * a * p.FZP
            + (1.0 - q) * a * p.CK
        )
    level = a_2 * m.M2 - 2.0 * qa * m.KM + m.CM
    second[h, h] = A2 * level + A4 * (m.F4 - m.M2) + (A2 * A2 - A4) * square
    second[x, h] = A2 * a_2 * twice + A4 * (m.F3 - twice) - qa * A2 * mixed + A2 * p.CK
    second[x, x] = (
        (a_2 * a_2 - a_4) * (m.kappa_prime * m.kappa_prime + p.MH + p.K2)
        + a_4 * p.F22
        + (a_2 - qa_2) * p.CH
        + qa_2 * p.FPP
        - 2.0 * ((a_2 * qa - qa_3) * (m.kappa_prime * K_P + 2.0 * p.HK) + qa_3 * p.F13)
    )


@internal_jit
def _factorise(mean: F64, second: F64, factor: F64) -> None:
    """Write the mean and the Cholesky factor; a pivot that is 0 up to rounding counts as 0."""
    size = mean.size
    for i in range(size):
        factor[i, 0] = mean[i]
        for j in range(i + 1):
            rest = second[i, j] - mean[i] * mean[j]
            for n in range(j):
                rest -= factor[i, 1 + n] * factor[j, 1 + n]
            if j < i:
                pivot = factor[j, 1 + j]
                factor[i, 1 + j] = rest / pivot if pivot > 0.0 else 0.0
            else:
                factor[i, 1 + i] = np.sqrt(rest) if rest > 1e-14 * second[i, i] else 0.0
        for j in range(i + 1, size):
            factor[i, 1 + j] = 0.0


@inline_jit
def _plane(
    k: Int, A: Attention, c: float, norm: float, mean: F64, second: F64
) -> tuple[Real, Real, Real, Real, Real]:
    """Return the mean of ``<G_W, W>``, then of ``<G_W, P~>``; their second moments, and product."""
    Q: int = A.support.shape[1]
    h, x = Q, Q + 1
    along, square, product = 0.0, 0.0, 0.0
    for j in range(Q):
        a = A.support[k, j] + c
        along += a * mean[j]
        product += a * second[x, j]
        square += a * (a * second[j, j] + 2.0 * norm * second[h, j])
        for i in range(j):
            square += 2.0 * a * (A.support[k, i] + c) * second[j, i]
    along += norm * mean[h]
    square += norm * norm * second[h, h]
    product += norm * second[x, h]
    return along, mean[x], square, second[x, x], product


@inline_jit
def _off_the_line(V: Value, kappa: float) -> tuple[float, float]:
    """Return the signal of V, and the square of its rest, 0 if W is on the target's line."""
    alpha, rest = V.scalars[0], V.scalars[1]
    return alpha, rest if has_rest(rest, kappa) else 0.0


@internal_jit
def write_factors(
    model: Model,
    powers: F64,
    of_V: tuple[Moments, PairMoments],
    batch: float,
    levels: Levels,
    joint: JointNoise,
) -> tuple[float, float, Means]:
    """Compute the covariances of all but V; parameters as :func:`set_covariances`.

    Of V its scalars are read. Returns the variance of its noise with one sample outside of W and
    its target, that along the rest of W, and the means over queries that its shape needs.
    """
    A, V, constants = model
    m = of_V[0]
    N, Q = A.support.shape
    mean, second = joint.mean, joint.second
    shrink = 1.0 / np.sqrt(batch)
    of_W, of_P, of_WW, of_PP, of_WP = 0.0, 0.0, 0.0, 0.0, 0.0
    c_1, c_2, c_3, s_4, s_3, s_2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(N):
        mu = constants.mu[k]
        sums = sums_of_column(k, constants.T, A, powers)
        c, a_2, a_4, qa, qa_2, qa_3 = sums
        c_1 += mu * max(a_2 * a_2 - a_4, 0.0)
        c_2 += mu * (a_2 * qa - qa_3)
        c_3 += mu * max(a_2 - qa_2, 0.0)
        s_4 += mu * a_4
        s_3 += mu * qa_3
        s_2 += mu * qa_2
        A2, A4 = sums_off_support(k, constants.T, c, A, powers)
        A2 = max(A2, 0.0)
        _second_moments(k, A, sums, (A2, A4), of_V, constants.K_P, (mean, second))
        norm = np.sqrt(A2)
        scale = 1.0 / norm if norm > 0.0 else 0.0
        mean[Q] *= scale
        second[Q, Q] *= scale * scale
        second[Q + 1, Q] *= scale
        for j in range(Q):
            second[Q, j] *= scale
        one, other, WW, PP, WP = _plane(k, A, c, norm, mean, second)
        of_W += mu * one
        of_P += mu * other
        of_WW += mu * WW
        of_PP += mu * PP
        of_WP += mu * WP
        factor = joint.factors[k]
        _factorise(mean, second, factor)
        for i in range(Q + 2):
            for j in range(Q + 3):
                factor[i, j] *= shrink
        row = levels.of_A[k]
        spread = row[term.BASE] + (A4 / A2 * row[term.SQUARE] if A2 > 0.0 else 0.0)
        joint.level[k] = np.sqrt(max(spread, 0.0))
    alpha, rest = _off_the_line(V, m.kappa)
    total = constants.D_V * levels.of_V[0] * levels.of_V[0] * batch
    if constants.K_P > 0.0:
        total -= (of_PP - of_P * of_P) / constants.K_P
    of_rest = 0.0
    if rest > 0.0:
        square = of_WW - 2.0 * alpha * of_WP + alpha * alpha * of_PP
        mean_of_rest = of_W - alpha * of_P
        of_rest = (square - mean_of_rest * mean_of_rest) / rest
        total -= of_rest
    # With fewer than three dimensions all is along W and its target but rounding errors.
    there = total > _ROUNDING * constants.D_V * levels.of_V[0] * levels.of_V[0] * batch
    return total if there else 0.0, of_rest, (c_1, c_2, c_3, s_4, s_3, s_2)


@internal_jit
def write_covariances(
    model: Model,
    powers: F64,
    of_V: tuple[Moments, PairMoments],
    batch: float,
    levels: Levels,
    products: Products,
    joint: JointNoise,
) -> None:
    """Compute the covariances of a state; parameters as :func:`set_covariances`."""
    total, _, means = write_factors(model, powers, of_V, batch, levels, joint)
    plane = _off_the_line(model.V, of_V[0].kappa)
    drawn = set_shape(means, of_V, products, model.constants, plane, joint)
    joint.mix[4] = np.sqrt(total / (drawn * batch)) if total > 0.0 and drawn > 0.0 else 0.0


@kernel
def set_covariances(
    model: Model,
    powers: F64,
    batch: float,
    shares: Int,
    levels: Levels,
    products: Products,
    joint: JointNoise,
) -> None:
    """Compute the levels and the covariances of a state.

    Parameters
    ----------
    model : Model
        The bulk of A is not read.
    powers : (N, 2) float64
        Sums of third and fourth powers off the support.
    batch : float64
        Samples in a batch.
    shares : int
        Threads for products of matrices; the bits do not depend on it.
    levels : Levels
    products : Products
    joint : JointNoise
        Receives the result, as does ``levels``.
    """
    A, V, constants = model
    of_V = joint_moments(V, constants.mu, shares, products)
    write_levels(A, powers, constants, of_V[0], batch, levels)
    write_covariances(model, powers, of_V, batch, levels, products, joint)
