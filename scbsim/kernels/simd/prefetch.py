"""Prefetching of memory."""

from __future__ import annotations

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.simd.intrinsics import prefetch_at
from scbsim.kernels.types import Floats

_LINE = 64
"""Bytes in a cache line."""


@inline_jit
def prefetch(x: Floats) -> None:
    """Load a contiguous array into the cache, for reading and writing.

    The processor's own prefetcher follows long streams. A block ends before it has caught up.
    """
    for i in range(0, x.size, _LINE // x.itemsize):
        prefetch_at(x, i)
