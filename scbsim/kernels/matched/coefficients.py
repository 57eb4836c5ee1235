"""Levels of matched noise, entry by entry: `docs/model.md`, section 5b.

An entry's variance is a polynomial in ``a_t = s_t + c`` and ``q_t``, with one set of coefficients
for each column. Under isotropic noise the coefficients are None: numba then removes the branches
that read them, so the isotropic step has no overhead.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types

from scbsim.kernels.compile.jit import by_precision, by_presence, by_type, inline_jit
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


class NearZero(NamedTuple):
    """Levels of entries near zero, without a root: terms of the series of ``sqrt(1 + x)``."""

    limit: Real  # the size of entries up to which they hold, or -1
    r1: Real
    r2: Real
    terms: tuple[Real, ...]  # the coefficients of x, x^2, ..., times the amplitude


_LARGEST = 1.0 / 256.0
"""The largest x of the series; what its terms leave out is less than rounding."""


def _terms_single(amplitude: Real) -> tuple[Real, ...]:
    return amplitude * np.float32(0.5), amplitude * np.float32(-0.125)


def _terms_double(amplitude: Real) -> tuple[Real, ...]:
    return (
        amplitude * 0.5,
        amplitude * -0.125,
        amplitude * 0.0625,
        amplitude * -0.0390625,
        amplitude * 0.02734375,
        amplitude * -0.0205078125,
    )


_terms = by_precision(_terms_single, _terms_double, forceinline=True)


def _none_near(curve: None, amplitude: Real, s: Floats) -> None:
    return None


def _near_zero(curve: tuple[Real, Real, Real], amplitude: Real, s: Floats) -> NearZero:
    r0, r1, r2 = curve
    slope, square = abs(np.float64(r1)), abs(np.float64(r2))
    limit = -1.0
    if r0 > _ZERO:
        # The positive root of ``square s^2 + slope s = largest``, less any rounding.
        root = slope + np.sqrt(slope * slope + 4.0 * _LARGEST * square)
        limit = 1.999 * _LARGEST / max(root, 1e-30)
    return NearZero(s.dtype.type(limit), r1, r2, _terms(amplitude))


near_zero = by_presence(_none_near, _near_zero, forceinline=True)
"""``near_zero(curve, amplitude, s)``: what takes the place of the curve near zero, or None."""


def _constant(curve: None, amplitude: Real, s: Real) -> Real:
    return amplitude


def _with_root(curve: tuple[Real, Real, Real], amplitude: Real, s: Real) -> Real:
    r0, r1, r2 = curve
    # Only where LLVM sees that the root is of no negative number does it take many at once.
    return amplitude * np.sqrt(max(r0 + s * (r1 + s * r2), _ZERO))


def _sum_single(s: Real, near: NearZero, amplitude: Real) -> Real:
    a, b = near.terms
    x = s * (near.r1 + s * near.r2)
    return amplitude + x * (a + x * b)


def _sum_double(s: Real, near: NearZero, amplitude: Real) -> Real:
    a, b, c, d, e, f = near.terms
    x = s * (near.r1 + s * near.r2)
    return amplitude + x * (a + x * (b + x * (c + x * (d + x * (e + x * f)))))


_sum = by_precision(_sum_single, _sum_double, forceinline=True)


def _without_root(near: NearZero, amplitude: Real, s: Real) -> Real:
    return _sum(s, near, amplitude)


def _by_curve(curve: Any) -> Any:
    if isinstance(curve, types.NoneType):
        return _constant
    return _without_root if isinstance(curve, types.NamedTuple) else _with_root


amplitude_at = by_type(_by_curve, "amplitude_at is", {"forceinline": True})
"""``amplitude_at(curve, amplitude, s)``: that of the noise at ``s`` off the support.

The curve is None, a `Curve` or `NearZero`; the amplitude is that of the reference.
"""
