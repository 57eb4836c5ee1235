"""The update rules of A for one entry: `docs/model.md`, section 4."""

from __future__ import annotations

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.gaussian.soft_threshold import soft
from scbsim.kernels.types import Real

SGD = 0
PROX = 1
DENOISE = 2
VANILLA = 3
"""Plain gradient descent on real batches: neither preconditioned nor projected."""

RULES: dict[str, int] = {"sgd": SGD, "prox": PROX, "denoise": DENOISE, "vanilla": VANILLA}


@inline_jit
def step_entry(rule: int, s: Real, gradient: Real, rate: Real, threshold: Real) -> Real:
    """Return the next ``s`` of an entry, given its noisy gradient and its column's l1 threshold."""
    if rule == PROX:
        return soft(s - rate * gradient, rate * threshold)
    if rule == DENOISE:
        return s - rate * soft(gradient, threshold)
    return s - rate * gradient
