"""Levels of matched noise, entry by entry: `docs/model.md`, section 5b.

An entry's variance is a polynomial in ``a_t = s_t + c`` and ``q_t``, with one set of coefficients
for each column. Under isotropic noise the coefficients are None: numba then removes the branches
that read them, so the isotropic step has no overhead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from scbsim.kernels.compile.jit import by_presence, by_type, inline_jit
from scbsim.kernels.matched.near_zero import NearZero, amplitude_near, is_series
from scbsim.kernels.types import F64, Curve, Floats, Int, Real

INTERCEPT, BASE, SQUARE, CROSS, WEIGHT, WEIGHT_SQUARE = range(6)
"""Columns of the coefficients, (N, 6): ``c``, then the coefficients of ``1, a^2, q a, q, q^2``."""

COEFFICIENTS = 6

_ZERO = np.float32(0.0)  # raises no number to a higher precision


@inline_jit
def entry_level(matched: F64 | None, sigma: float, k: Int, s: Real, q: float) -> float:
    """Return the noise level of an entry of column k; ``sigma`` is the level of its zeros."""
    if matched is None:
        return sigma
    a = s + matched[k, INTERCEPT]
    of_a = matched[k, BASE] + a * a * matched[k, SQUARE]
    of_q = a * matched[k, CROSS] + (matched[k, WEIGHT] + q * matched[k, WEIGHT_SQUARE])
    return np.sqrt(max(of_a + q * of_q, 0.0))


@inline_jit
def mean_level(matched: F64 | None, sigma: float, k: Int, square: float) -> float:
    """Return the root of the mean variance off the support, given the mean of ``a^2`` there."""
    if matched is None:
        return sigma
    return np.sqrt(max(matched[k, BASE] + square * matched[k, SQUARE], 0.0))


@inline_jit
def is_noisy(matched: F64 | None, sigma: float, k: Int) -> bool:
    """Return whether any entry of a column can have noise."""
    if matched is None:
        return sigma > 0.0
    there = False
    for i in range(BASE, COEFFICIENTS):
        there |= matched[k, i] != 0.0
    return there


@inline_jit
def reference_level(matched: F64 | None, sigma: float, k: Int) -> float:
    """Return the unit of :func:`curve_of`: the level of zeros if it is above 0."""
    if matched is None:
        return sigma
    if sigma > 0.0:
        return sigma
    c, square = matched[k, INTERCEPT], abs(matched[k, SQUARE])
    return np.sqrt(max(square, 2.0 * square * abs(c)))


def _no_curve(matched: None, sigma: float, k: Int, like: Floats) -> None:
    return None


def _curve_of(matched: F64, sigma: float, k: Int, like: Floats) -> Curve:
    """Return ``(r0, r1, r2)`` in the type of ``like``, or None if levels are isotropic.

    Off the support the level at ``s`` is ``sqrt(r0 + r1 s + r2 s^2)`` reference levels. In this
    unit float32 resolves both small levels and their dependence on ``s``.
    """
    real = like.dtype.type
    reference = reference_level(matched, sigma, k)
    scale = 1.0 / (reference * reference) if reference > 0.0 else 0.0
    slope = 2.0 * matched[k, SQUARE] * matched[k, INTERCEPT]
    return (
        real(1.0 if sigma > 0.0 else 0.0),
        real(scale * slope),
        real(scale * matched[k, SQUARE]),
    )


curve_of = by_presence(_no_curve, _curve_of)


def _constant(curve: None, amplitude: Real, s: Real) -> Real:
    return amplitude


def _with_root(curve: tuple[Real, Real, Real], amplitude: Real, s: Real) -> Real:
    r0, r1, r2 = curve
    # Only where LLVM sees that the root is of no negative number does it take many at once.
    return amplitude * np.sqrt(max(r0 + s * (r1 + s * r2), _ZERO))


def _without_root(near: NearZero, amplitude: Real, s: Real) -> Real:
    return amplitude_near(near, amplitude, s)


def _by_curve(curve: Any) -> Any:
    if isinstance(curve, types.NoneType):
        return _constant
    return _without_root if is_series(curve) else _with_root


amplitude_at = by_type(_by_curve, "amplitude_at is", {"forceinline": True})
"""``amplitude_at(curve, amplitude, s)``: that of the noise at ``s`` off the support.

The curve is None, a `Curve` or `NearZero`; the amplitude is that of the reference.
"""
