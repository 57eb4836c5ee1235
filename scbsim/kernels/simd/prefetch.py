"""Prefetching of memory."""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.simd.intrinsics import prefetch_at
from scbsim.kernels.types import Floats, Int

_LINE = 64
"""Bytes in a cache line."""


@inline_jit
def prefetch(x: Floats, at: Int, count: int) -> None:
    """Load a part of a contiguous array into the cache, for reading and writing.

    The processor's own prefetcher follows long streams. A block ends before it has caught up. The
    part may lie behind the array.
    """
    for i in range(0, count, _LINE // x.itemsize):
        prefetch_at(x, np.int64(at) + i)
