"""The exponential of numbers up to 0, in a form that vectorises; numba's own `exp` does not.

A Taylor sum on an interval of half of log 2 to either side of 0, times a power of two that is built
from its bits. Below the range of normal numbers the result is 0.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import by_precision

_i32, _i64, _f32, _f64 = np.int32, np.int64, np.float32, np.float64

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10


def _exponential32(x: np.float32) -> np.float32:
    z = max(x, _f32(-87.0))
    n = _i32(z * _f32(_LOG2_E) - _f32(0.5))
    f = z - _f32(n) * _f32(0.693145751953125)
    f = f - _f32(n) * _f32(1.42860677e-6)
    p = _f32(1.0 / 5040.0)
    p = p * f + _f32(1.0 / 720.0)
    p = p * f + _f32(1.0 / 120.0)
    p = p * f + _f32(1.0 / 24.0)
    p = p * f + _f32(1.0 / 6.0)
    p = p * f + _f32(0.5)
    p = p * f + _f32(1.0)
    p = p * f + _f32(1.0)
    y = p * _i32((n + _i32(127)) << _i32(23)).view(_f32)
    return _f32(0) if x < _f32(-87.0) else y


def _exponential64(x: float) -> float:
    z = max(x, _f64(-708.0))
    # Conversions to int32 vectorise; conversions to int64 do not.
    n = _i32(z * _LOG2_E - 0.5)
    f = (z - _f64(n) * _LN2_HIGH) - _f64(n) * _LN2_LOW
    p = 1.0 / 87178291200.0
    p = p * f + 1.0 / 6227020800.0
    p = p * f + 1.0 / 479001600.0
    p = p * f + 1.0 / 39916800.0
    p = p * f + 1.0 / 3628800.0
    p = p * f + 1.0 / 362880.0
    p = p * f + 1.0 / 40320.0
    p = p * f + 1.0 / 5040.0
    p = p * f + 1.0 / 720.0
    p = p * f + 1.0 / 120.0
    p = p * f + 1.0 / 24.0
    p = p * f + 1.0 / 6.0
    p = p * f + 0.5
    p = p * f + 1.0
    p = p * f + 1.0
    y = p * _i64((_i64(n) + _i64(1023)) << _i64(52)).view(_f64)
    return 0.0 if x < -708.0 else y


exponential_of = by_precision(_exponential32, _exponential64, forceinline=True)
"""Return ``exp(x)`` of a float32 or float64 that is at most 0; compiled code only."""
