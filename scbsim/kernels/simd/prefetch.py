"""Asking for memory before it is needed."""

from __future__ import annotations

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.simd.intrinsics import prefetch_at
from scbsim.kernels.types import Floats

_LINE = 64
"""Bytes of a cache line."""


@inline_jit
def prefetch(x: Floats) -> None:
    """Ask for a contiguous array to be in the cache, soon, for reading and writing.

    The processor's own prefetching follows long streams; a block is over before it has caught up.
    """
    for i in range(0, x.size, _LINE // x.itemsize):
        prefetch_at(x, i)
