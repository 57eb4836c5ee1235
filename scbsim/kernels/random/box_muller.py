"""Pairs of standard normals by the Box-Muller transform of random words, in forms that vectorise.

Loops over numba's own `log`, `sin` and `cos` do not vectorise. So they are polynomials here:
Chebyshev fits for these intervals, with errors below the rounding of the type.

A pair is (r cos, r sin) with r = sqrt(-2 log u). The angle is drawn from half a turn, as an odd
multiple of 2^-32, so that sines of either sign are alike, and the lowest bit of its word gives the
sign of the cosine. So no range reduction is needed. The radius has 62 bits, the low ones from a
word of its own: they count in float64, and in both types far out, where 31 bits would cut the tail
at 6.5 sigma.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.simd.llvm_lookup import wide_registers

_f32, _i32, _u32 = np.float32, np.int32, np.uint32
_f64, _i64, _u64 = np.float64, np.int64, np.uint64

_LN2 = 0.6931471805599453
_SQRT_HALF_32 = _i32(0x3F3504F3)
_SQRT_HALF_64 = _u64(0x3FE6A09E667F3BCD)
_FROM_SQRT_HALF = _u64((1023 << 52) - 0x3FE6A09E667F3BCD)
_FRACTION = _u64((1 << 52) - 1)
_POWER_52 = _u64(1075 << 52)
_EVEN = _u64(0xFFFFFFFE)
_ANGLE = _u64(0x4338000080000001)
_HIGH = _u64(0x7FFFFFFF << 32)


@inline_jit
def _radius32(u: np.float32) -> np.float32:
    """Return sqrt(-2 log(u 2^-31)) of a float32."""
    bits = _f32(u).view(_i32)
    exponent = _i32(bits - _SQRT_HALF_32) >> _i32(23)
    f = _i32(bits - _i32(exponent << _i32(23))).view(_f32) - _f32(1)
    p = _f32(-0.17066626165992303866)
    p = p * f + _f32(0.28538516412437664384)
    p = p * f + _f32(-0.29954802560254749792)
    p = p * f + _f32(0.33155985793597725143)
    p = p * f + _f32(-0.39911866716766494887)
    p = p * f + _f32(0.50002704370992124609)
    p = p * f + _f32(-0.66668386572270156031)
    p = p * f + _f32(0.99999992764247776242)
    p = p * f + _f32(-1.9999999482621341583)
    square = p * f + _f32(_i32(exponent - _i32(31))) * _f32(-2 * _LN2)
    return np.sqrt(max(square, _f32(0)))


@inline_jit
def _sin_cos32(word: np.uint32) -> tuple[np.float32, np.float32]:
    """Return the sine and the cosine of a uniform angle."""
    x = _f32(_i32(word | _u32(1))) * _f32(2.0**-32)
    t = x * x
    s = _f32(0.077655912276013869413)
    s = s * t + _f32(-0.5982904112834275349)
    s = s * t + _f32(2.5500773865289118653)
    s = s * t + _f32(-5.1677100766683144093)
    s = s * t + _f32(3.1415926400772032517)
    c = _f32(-0.024395932097550444473)
    c = c * t + _f32(0.23493706859508651002)
    c = c * t + _f32(-1.3352119493905503384)
    c = c * t + _f32(4.0587091547631342538)
    c = c * t + _f32(-4.9348021369289456371)
    c = c * t + _f32(0.99999999977915403194)
    return s * x, _i32(_f32(c).view(_i32) ^ _i32(word << _u32(31))).view(_f32)


@inline_jit
def pair32(
    radius_word: np.uint32, extra: np.uint32, angle_word: np.uint32
) -> tuple[np.float32, np.float32]:
    """Return two float32 normals from the words of a radius, of its low bits and of an angle."""
    # Conversions from signed words take one instruction on every processor.
    low = _f32(_i32(extra >> _u32(1))) * _f32(2.0**-31) + _f32(2.0**-32)
    r = _radius32(_f32(_i32(radius_word >> _u32(1))) + low)
    s, c = _sin_cos32(angle_word)
    return r * c, r * s


@inline_jit
def _reduced64(u: float, shift: float) -> tuple[float, float]:
    """Return ``x`` and ``e``: ``u 2^-shift`` is ``2^e (1 + x)/(1 - x)``."""
    biased = _u64(_f64(u).view(_u64) + _FROM_SQRT_HALF)
    m = _u64(_u64(biased & _FRACTION) + _SQRT_HALF_64).view(_f64)
    # The exponent becomes a number by its bits: a conversion takes several instructions.
    exponent = _u64(_u64(biased >> _u64(52)) | _POWER_52).view(_f64) - (2.0**52 + 1023.0 + shift)
    return (m - 1.0) / (m + 1.0), exponent


@inline_jit
def _log64(x: float, exponent: float) -> float:
    """Return ``-2 log(2^exponent (1 + x)/(1 - x))``."""
    t = x * x
    p = -0.29619420721310553396
    p = p * t + -0.30625056296728381932
    p = p * t + -0.36367263360458657607
    p = p * t + -0.44444394113452093217
    p = p * t + -0.57142857521283359765
    p = p * t + -0.79999999998604676226
    p = p * t + -1.3333333333333529132
    p = p * t + -3.9999999999999999955
    return p * x + exponent * (-2 * _LN2)


@inline_jit
def _square_radius64(u: float, shift: float) -> float:
    """Return ``-2 log(u 2^-shift)``."""
    x, exponent = _reduced64(u, shift)
    return _log64(x, exponent)


@inline_jit
def minus_two_log(high: np.uint32, low: np.uint32) -> float:
    """Return ``-2 log u`` in float64, with the 64-bit uniform u of two words."""
    return _square_radius64(_f64(high) + (_f64(low) + 0.5) * 2.0**-32, 32.0)


@inline_jit
def _sin_cos64(x: float) -> tuple[float, float]:
    """Return sine and cosine of x half turns, x from -1/2 to 1/2."""
    t = x * x
    s = 7.6978267682241906454e-7
    s = s * t + -0.000021903497074626017191
    s = s * t + 0.00046629981618983938014
    s = s * t + -0.0073704305059169434047
    s = s * t + 0.08214588657310289502
    s = s * t + -0.59926452931894468132
    s = s * t + 2.5501640398773004745
    s = s * t + -5.1677127800499696077
    s = s * t + 3.1415926535897932378
    c = 4.1495643539425855122e-6
    c = c * t + -0.00010456655338748738169
    c = c * t + 0.0019295562724817131482
    c = c * t + -0.02580688873700220327
    c = c * t + 0.23533063012953285391
    c = c * t + -1.3352627688434470934
    c = c * t + 4.0587121264164969995
    c = c * t + -4.9348022005446767673
    c = c * t + 0.99999999999999999608
    return s * x, c


@inline_jit
def _signed(c: float, word: np.uint32) -> float:
    """Return ``c`` with its sign changed if the word is odd."""
    return _i64(_f64(c).view(_i64) ^ _i64(_u64(word) << _u64(63))).view(_f64)


@inline_jit
def pair64(w0: np.uint32, w1: np.uint32, w2: np.uint32, w3: np.uint32) -> tuple[float, float]:
    """Return two float64 normals from four words: 64 bits of radius, 63 of angle."""
    r = np.sqrt(max(minus_two_log(w0, w1), 0.0))
    s, c = _sin_cos64((_f64(_i32(w2)) + _f64(w3) * 2.0**-32) * 2.0**-32)
    return r * _signed(c, w3), r * s


@inline_jit
def _uniform_in_parts(radius_word: np.uint32, extra: np.uint32) -> float:
    """Return a uniform number of 62 bits, times 2^31."""
    return _f64(_i32(radius_word >> _u32(1))) + (_f64(_i32(extra >> _u32(1))) + 0.5) * 2.0**-31


@inline_jit
def _uniform_at_once(radius_word: np.uint32, extra: np.uint32) -> float:
    """Return the same number times 2^63, which only AVX-512 converts in one instruction."""
    high = _u64(_u64(_u64(radius_word) << _u64(31)) & _HIGH)
    return _f64(_i64(_u64(high | _u64(extra | _u32(1)))))


_uniform, _SHIFT = (_uniform_at_once, 63.0) if wide_registers() else (_uniform_in_parts, 31.0)


@inline_jit
def reduced_radius64(radius_word: np.uint32, extra: np.uint32) -> tuple[float, float]:
    """Return what :func:`radius64` takes, from the words of a radius and of its low bits."""
    return _reduced64(_uniform(radius_word, extra), _SHIFT)


@inline_jit
def radius64(x: float, exponent: float) -> float:
    """Return a radius; its square is not negative even with rounding errors."""
    return np.sqrt(_log64(x, exponent))


@inline_jit
def pair64_of_radius(r: float, angle_word: np.uint32) -> tuple[float, float]:
    """Return two float64 normals, from their radius and the word of an angle."""
    # The signed word w is the unsigned word w + 2^31 if its first bit is changed; the word in the
    # low bits of 3 2^51 is the number 3 2^51 plus the word.
    word = _u64(_u64(_u64(angle_word) & _EVEN) ^ _ANGLE)
    x = _u64(word).view(_f64) * 2.0**-32 - (3.0 * 2.0**19 + 0.5)
    s, c = _sin_cos64(x)
    return r * _signed(c, angle_word), r * s
