"""Sums in an order that depends on the length alone, not on vector width or threads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.types import Entry, Floats

_FULL = 512


@inline_jit
def _fold(x: Floats, half: int) -> None:
    for i in range(np.uint64(half)):
        x[i] += x[i + np.uint64(half)]


@inline_jit
def _sum_of_full(x: NDArray[Entry]) -> Entry:
    """Sum 512 entries, the usual length. Fixed lengths need no checks in the loops."""
    _fold(x, 256)
    _fold(x, 128)
    _fold(x, 64)
    _fold(x, 32)
    _fold(x, 16)
    _fold(x, 8)
    _fold(x, 4)
    _fold(x, 2)
    return x[0] + x[1]


@inline_jit
def pairwise_sum(x: NDArray[Entry]) -> Entry:
    """Return the sum of ``x``, which is overwritten.

    The upper half is added to the lower until one number is left. Each pass is a loop over
    independent entries, so it vectorises without reordering. The rounding error grows with the
    logarithm of the length.
    """
    n = x.size
    if n == _FULL:
        return _sum_of_full(x)
    while n > 1:
        half = (n + 1) // 2
        low, high = x[: n - half], x[half:n]
        for i in range(n - half):
            low[i] += high[i]
        n = half
    return x[0]
