"""Levels of matched noise near zero, without a root: the series of ``sqrt(1 + x)``.

The nearer to zero, the fewer terms are exact to rounding. So there are two sets: under large
batches nearly all entries are near enough for the smaller one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types

from scbsim.kernels.compile.jit import by_precision, by_presence, by_type, inline_jit
from scbsim.kernels.types import Floats, Real


class NearZero(NamedTuple):
    """Levels of entries near zero; ``x = s (r1 + s r2)``."""

    limit: Real  # the size of entries up to which they hold, or -1
    r1: Real
    r2: Real
    # The coefficients of x, x^2, ..., times the amplitude. With the first alone there are none, but
    # r1 and r2 are multiplied by it, half of the amplitude.
    terms: tuple[Real, ...]


_NEAR, _NEAREST = 1.0 / 256.0, 1.0 / 8192.0
"""The largest x of either set; what its terms leave out is less than rounding."""

_LARGE = np.float32(1e38)


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


def _nearest_single(amplitude: Real, limit: Real, r1: Real, r2: Real) -> NearZero:
    half = amplitude * np.float32(0.5)
    slope, square = half * r1, half * r2
    # Where a product overflows, it would make zeros NaN.
    fits = max(abs(slope), abs(square)) < _LARGE
    return NearZero(limit if fits else -np.float32(1), slope, square, ())


def _nearest_double(amplitude: Real, limit: Real, r1: Real, r2: Real) -> NearZero:
    return NearZero(limit, r1, r2, (amplitude * 0.5, amplitude * -0.125, amplitude * 0.0625))


_nearest = by_precision(_nearest_single, _nearest_double, forceinline=True)


@inline_jit
def _limit(curve: tuple[Real, Real, Real], largest: float) -> float:
    """Return the size of entries up to which x is at most ``largest``, or -1."""
    r0, r1, r2 = curve
    slope, square = abs(np.float64(r1)), abs(np.float64(r2))
    if r0 <= 0:
        return -1.0
    # The positive root of ``square s^2 + slope s = largest``, less any rounding. Where both are 0
    # the limit is large, and not infinite.
    root = slope + np.sqrt(slope * slope + 4.0 * largest * square)
    return 1.999 * largest / max(root, 1e-30)


def _none_near(curve: None, amplitude: Real, s: Floats) -> tuple[None, None]:
    return None, None


def _near_zero(
    curve: tuple[Real, Real, Real], amplitude: Real, s: Floats
) -> tuple[NearZero, NearZero]:
    _, r1, r2 = curve
    real = s.dtype.type
    nearest = _nearest(amplitude, real(_limit(curve, _NEAREST)), r1, r2)
    return nearest, NearZero(real(_limit(curve, _NEAR)), r1, r2, _terms(amplitude))


near_zero = by_presence(_none_near, _near_zero, forceinline=True)
"""``near_zero(curve, amplitude, s)``: what takes the place of the curve, nearest zero and near it.

Both are None if the curve is.
"""


def _sum_scaled(near: NearZero, amplitude: Real, s: Real) -> Real:
    return amplitude + s * (near.r1 + s * near.r2)


def _sum_of_2(near: NearZero, amplitude: Real, s: Real) -> Real:
    a, b = near.terms
    x = s * (near.r1 + s * near.r2)
    return amplitude + x * (a + x * b)


def _sum_of_3(near: NearZero, amplitude: Real, s: Real) -> Real:
    a, b, c = near.terms
    x = s * (near.r1 + s * near.r2)
    return amplitude + x * (a + x * (b + x * c))


def _sum_of_6(near: NearZero, amplitude: Real, s: Real) -> Real:
    a, b, c, d, e, f = near.terms
    x = s * (near.r1 + s * near.r2)
    return amplitude + x * (a + x * (b + x * (c + x * (d + x * (e + x * f)))))


_SUMS = {0: _sum_scaled, 2: _sum_of_2, 3: _sum_of_3, 6: _sum_of_6}


def _by_terms(near: Any) -> Any:
    return _SUMS[len(near.types[near.fields.index("terms")])]


amplitude_near = by_type(_by_terms, "amplitude_near is", {"forceinline": True})
"""``amplitude_near(near, amplitude, s)``: that of the noise at ``s``, given `NearZero`."""


def is_series(curve: Any) -> bool:
    """Return whether numba's type of a curve is that of `NearZero`."""
    return isinstance(curve, types.NamedTuple)
