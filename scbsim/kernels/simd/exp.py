"""The exponential of numbers that are not above 0, in loops that vectorise.

numba's own `exp` is a call that no loop vectorises over. This is a Taylor sum within half of log 2
to either side, times a power of two that is put together from bits; below the normal range it is 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from scbsim.kernels.compile.jit import OPTIONS
from scbsim.kernels.simd.intrinsics import float_of
from scbsim.kernels.types import Real

_i32, _i64, _f32, _f64 = np.int32, np.int64, np.float32, np.float64

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10


def exponential_of(x: Real) -> Real:
    """Return ``exp(x)`` of a float32 or float64 that is at most 0; compiled code only."""
    raise TypeError("exponential_of is for compiled code only")


@overload(exponential_of, jit_options={**OPTIONS, "_nrt": False, "forceinline": True})
def _exponential_of(x: Any) -> Any:
    if x == types.float32:

        def of_32(x: Any) -> Any:
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
            y = p * float_of(_i32((n + _i32(127)) << _i32(23)))
            return _f32(0) if x < _f32(-87.0) else y

        return of_32

    def of_64(x: Any) -> Any:
        z = max(x, _f64(-708.0))
        # A 32-bit conversion vectorises where a 64-bit one does not.
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
        y = p * float_of(_i64((_i64(n) + _i64(1023)) << _i64(52)))
        return 0.0 if x < -708.0 else y

    return of_64
