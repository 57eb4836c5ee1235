"""Standard normals by the Box-Muller transform of random words, in loops that vectorise.

Loops over numba's own `log`, `sin` and `cos` do not vectorise. So they are polynomials here:
Chebyshev fits for these intervals, with errors below the rounding of the type.

A pair is (r cos, r sin) with r = sqrt(-2 log u). The angle is drawn from half a turn, and one more
bit gives the sign of the cosine, so that no range reduction is needed. In float32 a radius has 31
bits, which alone would cut the tail near 6.5 sigma. Radii in the outermost 2^-22 of probability
(past 5.5 sigma) are therefore drawn with 32 more bits.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import by_precision, inline_jit, internal_jit
from scbsim.kernels.random.philox import philox4x32
from scbsim.kernels.random.xoshiro import WORDS, fill_words
from scbsim.kernels.types import F64, U32, Bool, Counter, Floats, Int, Key

BLOCK = 2048
"""Normals of a block, drawn together."""

_LANES_32, _LANES_64 = BLOCK // WORDS, 2 * BLOCK // WORDS
_QUARTER, _HALF = np.uint64(BLOCK // 4), np.uint64(BLOCK // 2)

_f32, _i32, _u32 = np.float32, np.int32, np.uint32
_f64, _i64, _u64 = np.float64, np.int64, np.uint64

_LN2 = 0.6931471805599453
_SQRT_HALF_32 = _i32(0x3F3504F3)
_SQRT_HALF_64 = _i64(0x3FE6A09E667F3BCD)
_REFINE_BELOW = _i32(512)


@inline_jit
def _radius32(u: np.float32, shift: np.int32) -> np.float32:
    """Return sqrt(-2 log(u 2^-shift)) of a float32."""
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
    square = p * f + _f32(_i32(exponent - shift)) * _f32(-2 * _LN2)
    return np.sqrt(max(square, _f32(0)))


@inline_jit
def _sin_cos32(word: np.uint32) -> tuple[np.float32, np.float32]:
    """Return the sine and the cosine of a uniform angle."""
    x = _f32(_i32(word)) * _f32(2.0**-32)
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
def _pair32(radius_word: np.uint32, angle_word: np.uint32) -> tuple[np.float32, np.float32]:
    r = _radius32(_f32(_i32(radius_word >> _u32(1))) + _f32(0.5), _i32(31))
    s, c = _sin_cos32(angle_word)
    return r * c, r * s


@inline_jit
def _pair32_tail(
    radius_word: np.uint32, extra_word: np.uint32, angle_word: np.uint32
) -> tuple[np.float32, np.float32]:
    """Return a pair whose radius has 63 bits, for the tail."""
    u = _f64(radius_word >> _u32(1)) + (_f64(extra_word) + 0.5) * 2.0**-32
    # u has a factor 2^31, so that it is in the range of float32.
    r = _radius32(_f32(u), _i32(31))
    s, c = _sin_cos32(angle_word)
    return r * c, r * s


@internal_jit
def _normals32(z: Floats, words: U32, calls: Int) -> Bool:
    """Turn words into normals; return whether any radius needs more bits."""
    least = _i32(0x7FFFFFFF)
    for i in range(_u64(calls)):
        j, k, m = i + _QUARTER, i + _u64(2) * _QUARTER, i + _u64(3) * _QUARTER
        a, b = words[i], words[k]
        least = min(least, min(_i32(a >> _u32(1)), _i32(b >> _u32(1))))
        z[i], z[j] = _pair32(a, words[j])
        z[k], z[m] = _pair32(b, words[m])
    return least < _REFINE_BELOW


@internal_jit
def _refine_tail(
    z: Floats, words: U32, calls: Int, first: np.uint64, counter: Counter, key: Key
) -> None:
    """Draw the radii of the tail again with 32 more bits, from the stream of purpose + 2."""
    (c1, c2, c3), (k0, k1) = counter, key
    for i in range(_u64(calls)):
        for half in range(2):
            j = i + _u64(2 * half) * _QUARTER
            if _i32(words[j] >> _u32(1)) < _REFINE_BELOW:
                e0, e1, _, _ = philox4x32(first + i, c1, c2, c3 + (_u64(2) << _u64(24)), k0, k1)
                pair = _pair32_tail(words[j], e1 if half else e0, words[j + _QUARTER])
                z[j], z[j + _QUARTER] = pair


@inline_jit
def minus_two_log(high: np.uint32, low: np.uint32) -> float:
    """Return ``-2 log u`` in float64, with the 64-bit uniform u of two words."""
    u = _f64(high) + (_f64(low) + 0.5) * 2.0**-32
    bits = _f64(u).view(_i64)
    exponent = _i64(bits - _SQRT_HALF_64) >> _i64(52)
    m = _i64(bits - _i64(exponent << _i64(52))).view(_f64)
    x = (m - 1.0) / (m + 1.0)
    t = x * x
    p = -0.29619420721310553396
    p = p * t + -0.30625056296728381932
    p = p * t + -0.36367263360458657607
    p = p * t + -0.44444394113452093217
    p = p * t + -0.57142857521283359765
    p = p * t + -0.79999999998604676226
    p = p * t + -1.3333333333333529132
    p = p * t + -3.9999999999999999955
    # The exponent is small, and conversions from int32 vectorise; those from int64 do not.
    return p * x + _f64(_i32(exponent - _i64(32))) * (-2 * _LN2)


@inline_jit
def pair64(w0: np.uint32, w1: np.uint32, w2: np.uint32, w3: np.uint32) -> tuple[float, float]:
    """Return two float64 normals from four words: 64 bits of radius, 63 of angle."""
    r = np.sqrt(max(minus_two_log(w0, w1), 0.0))
    x = (_f64(_i32(w2)) + _f64(w3) * 2.0**-32) * 2.0**-32
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
    sign = _i64(_u64(w3) << _u64(63))
    return r * _i64(_f64(c).view(_i64) ^ sign).view(_f64), r * (s * x)


@internal_jit
def _normals64(z: Floats, words: U32, calls: Int) -> None:
    for i in range(_u64(calls)):
        w0, w1 = words[i], words[i + _HALF]
        w2, w3 = words[i + _u64(2) * _HALF], words[i + _u64(3) * _HALF]
        z[i], z[i + _HALF] = pair64(w0, w1, w2, w3)


def _fill32(z: Floats, words: U32, count: Int, block: Int, counter: Counter, key: Key) -> None:
    calls = min(count, BLOCK // 4)
    lane = _u64(block) * _u64(_LANES_32)
    fill_words(words, _LANES_32, calls, lane, counter, key)
    if _normals32(z, words, calls):
        _refine_tail(z, words, calls, _u64(block) * _u64(BLOCK // 4), counter, key)


def _fill64(z: Floats, words: U32, count: Int, block: Int, counter: Counter, key: Key) -> None:
    calls = min(count, BLOCK // 2)
    lane = _u64(block) * _u64(_LANES_64)
    fill_words(words, _LANES_64, calls, lane, counter, key)
    _normals64(z, words, calls)


fill_normals = by_precision(_fill32, _fill64)
"""Fill ``z[:count]`` with the standard normals of a block; compiled code only.

Parameters
----------
z : (BLOCK,) float32 or float64 array
    Entries past ``count`` are left undefined.
words : (BLOCK,) uint32 array for float32, (2 BLOCK,) for float64
    Scratch.
count : int
    Normals to draw, at most BLOCK. Their values do not depend on it.
block : int
    Index of the block in the column.
counter : triple of uint64
    Words 1, 2 and 3 of the counter.
"""


@internal_jit
def fill_matrix(out: F64, counter: Counter, key: Key, own: tuple[F64, U32]) -> None:
    """Fill a contiguous float64 matrix; ``own`` is scratch, (BLOCK,) and (2 BLOCK,)."""
    z, words = own
    flat = out.reshape(out.size)
    for block in range((flat.size + BLOCK - 1) // BLOCK):
        start = block * BLOCK
        count = min(BLOCK, flat.size - start)
        fill_normals(z, words, count, block, counter, key)
        for i in range(count):
            flat[start + i] = z[i]
