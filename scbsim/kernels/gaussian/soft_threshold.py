"""Soft thresholding, the proximal map of the absolute value."""

from __future__ import annotations

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.types import Real


@inline_jit
def soft(x: Real, level: Real) -> Real:
    """Return ``sign(x) max(|x| - level, 0)``, without a branch; exactly 0 within the level."""
    return x - max(min(x, level), -level)
