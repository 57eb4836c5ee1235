"""Soft thresholding, the proximal map of the absolute value."""

from __future__ import annotations

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.types import Real


@inline_jit
def soft(x: Real, threshold: Real) -> Real:
    """Return ``sign(x) max(|x| - threshold, 0)``, without a branch."""
    return x - max(min(x, threshold), -threshold)
