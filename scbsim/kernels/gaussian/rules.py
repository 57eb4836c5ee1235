"""The update rules of A: `docs/model.md`, section 4.

All kernels take what they know of a rule from this file. A new rule needs a record in
`scbsim.spec.rules` and, here, its code, its formula in :func:`step_entry`, a case in
:func:`call_with_rule`, and a case in each of the remaining functions where it differs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.types import Floats, Real

SGD, PROX, DENOISE, VANILLA = range(4)

RULES: Final[dict[str, int]] = {"sgd": SGD, "prox": PROX, "denoise": DENOISE, "vanilla": VANILLA}
"""The code of each rule. ``vanilla`` is plain gradient descent on real batches."""


@inline_jit
def soft(x: Real, threshold: Real) -> Real:
    """Return the soft threshold ``sign(x) max(|x| - threshold, 0)``, without a branch."""
    return x - max(min(x, threshold), -threshold)


@inline_jit
def step_entry(rule: int, s: Real, gradient: Real, rate: Real, threshold: Real) -> Real:
    """Return the next value of an entry, given its noisy gradient and its column's threshold.

    A rule may depend on ``rate * gradient`` and ``rate * threshold`` only. The dense loop relies on
    it: it passes these two products, and a rate of 1.
    """
    if rule == PROX:
        return soft(s - rate * gradient, rate * threshold)
    if rule == DENOISE:
        return s - rate * soft(gradient, threshold)
    return s - rate * gradient


@inline_jit
def call_with_rule(
    rule: int, loop: Callable[..., None], s: Floats, x: Floats, rest: tuple[object, ...]
) -> None:
    """Call ``loop(rule, s, x, rest)`` with the rule as a constant.

    So the loop is compiled once for each formula of :func:`step_entry`, without a branch inside.
    ``s`` and ``x`` are not in the tuple, as LLVM then stores to ``s`` entry by entry.
    """
    if rule == PROX:
        loop(PROX, s, x, rest)
    elif rule == DENOISE:
        loop(DENOISE, s, x, rest)
    else:
        loop(SGD, s, x, rest)


@inline_jit
def activated_size(rule: int, excess: float, cut: float) -> float:
    """Return the size of an entry after it leaves zero, in units of ``rate * sigma``.

    Its normal is ``cut + excess``, with ``cut = threshold / sigma``. Under a rule that applies the
    soft threshold the excess is what is left.
    """
    return excess


@inline_jit
def moves_without_gradient(rule: int) -> bool:
    """Return whether an entry off zero changes when its gradient is 0."""
    return rule == PROX


@inline_jit
def is_projected(rule: int) -> bool:
    """Return whether the gradient is preconditioned and projected (section 3)."""
    return rule != VANILLA
