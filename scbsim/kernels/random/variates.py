"""Single random variates, drawn in order from a lane of random words with its own address.

For engines that need a few variates a step. One call of Philox seeds a lane of xoshiro128++ (see
`xoshiro`) of any length. Every function takes the state of the lane and returns the next state.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.random.box_muller import pair64
from scbsim.kernels.random.philox import philox4x32
from scbsim.kernels.random.xoshiro import next_word
from scbsim.kernels.types import Counter, Int, Key, Lane

_u64, _f64 = np.uint64, np.float64

_SMALL = 0.03


@inline_jit
def lane_at(first: Int, counter: Counter, key: Key) -> Lane:
    """Return the first state of the lane with word 0 of the counter and the others."""
    (c1, c2, c3), (k0, k1) = counter, key
    return philox4x32(_u64(first), c1, c2, c3, k0, k1)


@inline_jit
def _word(lane: Lane) -> tuple[np.uint32, Lane]:
    a, b, c, d = lane
    word, a, b, c, d = next_word(a, b, c, d)
    return word, (a, b, c, d)


@inline_jit
def uniform(lane: Lane) -> tuple[float, Lane]:
    """Return a uniform of 64 bits, above 0, and the lane. As a float64 it may round to 1."""
    high, lane = _word(lane)
    low, lane = _word(lane)
    return (_f64(high) + (_f64(low) + 0.5) * 2.0**-32) * 2.0**-32, lane


@inline_jit
def exponential(lane: Lane) -> tuple[float, Lane]:
    """Return a standard exponential, accurate near 0, and the lane."""
    v, lane = uniform(lane)
    return -np.log1p(-v), lane


@inline_jit
def two_normals(lane: Lane) -> tuple[float, float, Lane]:
    """Return two standard normals, and the lane."""
    w0, lane = _word(lane)
    w1, lane = _word(lane)
    w2, lane = _word(lane)
    w3, lane = _word(lane)
    x, y = pair64(w0, w1, w2, w3)
    return x, y, lane


@inline_jit
def _log_ratio(x: float, y: float, v: float, d: float) -> float:
    """Return ``x^2/2 + d (1 - v + log v)`` for ``v = (1 + y)^3`` and ``x^2 = 9 d y^2``.

    Where y is small the leading terms cancel, to all digits at shapes of millions. So the rest is
    summed as a series.
    """
    if abs(y) > _SMALL:
        return 0.5 * x * x + d * (1.0 - v + np.log(v))
    series = 1.0 / 10.0
    for n in range(9, 3, -1):
        series = 1.0 / n - y * series
    return -3.0 * d * y * y * y * y * series


@internal_jit
def chi_square(freedom: float, lane: Lane) -> tuple[float, Lane]:
    """Return a chi-square variate, and the lane.

    Source: Marsaglia and Tsang, "A simple method for generating gamma variables" (ACM TOMS 26,
    2000); exact for any degrees of freedom from 2 up.
    ``freedom`` is an integer in float64; 0 or less gives 0.
    """
    if freedom <= 0.0:
        return 0.0, lane
    if freedom == 1.0:
        x, _, lane = two_normals(lane)
        return x * x, lane
    d = 0.5 * freedom - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    while True:
        x, _, lane = two_normals(lane)
        u, lane = uniform(lane)
        y = c * x
        if y <= -1.0:
            continue
        v = (1.0 + y) * (1.0 + y) * (1.0 + y)
        square = x * x
        if u < 1.0 - 0.0331 * square * square or np.log(u) < _log_ratio(x, y, v, d):
            return 2.0 * d * v, lane


@inline_jit
def first_attempt(freedom: float, x: float, y: float, z: float) -> float:
    """Return a chi-square variate from three standard normals, or -1 if the attempt fails.

    It is an attempt of :func:`chi_square`, whose uniform is ``exp(-(y^2 + z^2)/2)``. For at least
    two degrees of freedom.
    """
    d = 0.5 * freedom - 1.0 / 3.0
    w = x / np.sqrt(9.0 * d)
    if w <= -1.0:
        return -1.0
    v = (1.0 + w) * (1.0 + w) * (1.0 + w)
    return 2.0 * d * v if -0.5 * (y * y + z * z) < _log_ratio(x, w, v, d) else -1.0
