"""The update rules of A: `docs/model.md`, section 4.

All kernels take what they know of a rule from this file. A rule is an integer, whose formula is in
:func:`step_entry`, or a function in Python (`scbsim.kernels.compile.rule_type`); the latter is a
type of its own, and by that type the functions below are chosen.

A new rule that is an integer needs a record in `scbsim.spec.rules` and, here, its code, its formula
in :func:`step_entry`, a case in :func:`call_with_rule`, and a case in each of the remaining
functions where it differs. One that is a function needs no more than a record, and the function in
`scbsim.rules`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.compile.rule_type import by_rule, call_own, call_own_with_memory
from scbsim.kernels.gaussian.state import Attention
from scbsim.kernels.types import Floats, Int, Real

SGD, PROX, DENOISE, VANILLA = range(4)

RULES: Final[dict[str, int]] = {"sgd": SGD, "prox": PROX, "denoise": DENOISE, "vanilla": VANILLA}
"""The code of each rule. ``vanilla`` is plain gradient descent on real batches."""


@inline_jit
def soft(x: Real, threshold: Real) -> Real:
    """Return the soft threshold ``sign(x) max(|x| - threshold, 0)``, without a branch."""
    return x - max(min(x, threshold), -threshold)


@inline_jit
def _step_built_in(rule: int, s: Real, gradient: Real, rate: Real, threshold: Real) -> Real:
    if rule == PROX:
        return soft(s - rate * gradient, rate * threshold)
    if rule == DENOISE:
        return s - rate * soft(gradient, threshold)
    return s - rate * gradient


def _step_by_code(rule: int, s: Real, gradient: Real, rate: Real, threshold: Real) -> Real:
    return _step_built_in(rule, s, gradient, rate, threshold)


def _step_own(rule: Any, s: Real, gradient: Real, rate: Real, threshold: Real) -> Real:
    return call_own(rule, s, gradient, rate, threshold)


def _step_never(rule: Any, s: Real, gradient: Real, rate: Real, threshold: Real) -> Real:
    # Lists of entries have no memory. They are empty where a rule with memory is taken at all, in
    # the process without noise.
    return s


step_entry = by_rule(_step_by_code, _step_own, _step_never)
"""``step_entry(rule, s, gradient, rate, threshold)``: the next value of an entry.

``gradient`` is noisy, and ``threshold`` its column's. A rule that is an integer may depend on
``rate * gradient`` and ``rate * threshold`` only. The dense loop relies on it: it passes these two
products, and a rate of 1.
"""


@inline_jit
def _call_built_in(
    rule: int, loop: Callable[..., None], s: Floats, x: Floats, rest: tuple[object, ...]
) -> None:
    if rule == PROX:
        loop(PROX, s, x, rest)
    elif rule == DENOISE:
        loop(DENOISE, s, x, rest)
    else:
        loop(SGD, s, x, rest)


def _call_by_code(
    rule: int, loop: Callable[..., None], s: Floats, x: Floats, rest: tuple[object, ...]
) -> None:
    _call_built_in(rule, loop, s, x, rest)


def _call_own_loop(
    rule: Any, loop: Callable[..., None], s: Floats, x: Floats, rest: tuple[object, ...]
) -> None:
    loop(rule, s, x, rest)


call_with_rule = by_rule(_call_by_code, _call_own_loop, None)
"""``call_with_rule(rule, loop, s, x, rest)``: call ``loop(rule, s, x, rest)``, the rule a constant.

So the loop is compiled once for each formula of :func:`step_entry`, without a branch inside. ``s``
and ``x`` are not in the tuple, as LLVM then stores to ``s`` entry by entry.
"""


def _step_support(
    rule: Any, A: Attention, k: Int, j: Int, gradient: Real, rate: Real, threshold: Real
) -> None:
    A.support[k, j] = step_entry(rule, A.support[k, j], gradient, rate, threshold)


def _step_support_with_memory(
    rule: Any, A: Attention, k: Int, j: Int, gradient: Real, rate: Real, threshold: Real
) -> None:
    A.support[k, j], A.support_memory[k, j] = call_own_with_memory(
        rule, A.support[k, j], gradient, rate, threshold, A.support_memory[k, j]
    )


step_support_entry = by_rule(_step_support, _step_support, _step_support_with_memory)
"""``step_support_entry(rule, A, k, j, gradient, rate, threshold)``: step ``A.support[k, j]``."""


def _activated_by_code(rule: int, excess: float, cut: float) -> float:
    return excess


def _gradient_of_activated(rule: Any, excess: float, cut: float) -> float:
    return cut + excess


activated_size = by_rule(_activated_by_code, _gradient_of_activated, _gradient_of_activated)
"""``activated_size(rule, excess, cut)``: the size of an entry after it leaves zero.

In units of ``rate * sigma``. Its normal is ``cut + excess``, with ``cut = threshold / sigma``.
Under a rule that applies the soft threshold the excess is what is left. Of a function in Python it
is the size of the gradient, in units of ``sigma``, from which the value follows.
"""


def _moves_by_code(rule: int) -> bool:
    return rule == PROX


def _true(rule: Any) -> bool:
    return True


moves_without_gradient = by_rule(_moves_by_code, _true, _true)
"""Whether an entry off zero may change when its gradient is 0."""


def _thresholds_by_code(rule: int) -> bool:
    return rule in (PROX, DENOISE)


def _false(rule: Any) -> bool:
    return False


leaves_zeros = by_rule(_thresholds_by_code, _false, _false)
"""Whether most entries at 0 are likely to stay there. Only speed depends on it."""


def _projected_by_code(rule: int) -> bool:
    return rule != VANILLA


is_projected = by_rule(_projected_by_code, _true, _true)
"""Whether the gradient is preconditioned and projected (section 3)."""
