"""Sums whose order is fixed by the length alone: never by the vector width or the threads."""

from __future__ import annotations

from typing import Any

from scbsim.kernels.jit import inlined


@inlined
def pairwise_sum(x: Any) -> Any:
    """Return the sum of ``x``, which is overwritten.

    The upper half is added to the lower until one number is left: each pass is a loop over
    independent entries, so it vectorises without leave to reorder, and the rounding error grows
    with the logarithm of the length only.
    """
    n = x.size
    while n > 1:
        half = (n + 1) // 2
        low, high = x[: n - half], x[half:n]
        for i in range(n - half):
            low[i] += high[i]
        n = half
    return x[0]
