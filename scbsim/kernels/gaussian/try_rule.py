"""A rule that is a function in Python, at single numbers: for checks before a run."""

from __future__ import annotations

from typing import Any

from scbsim.kernels.compile.jit import kernel
from scbsim.kernels.compile.rule_type import by_rule, call_own, call_own_with_memory
from scbsim.kernels.types import Floats, Int


def _without(rule: Any, at: Floats, out: Floats, i: Int) -> None:
    out[i, 0] = call_own(rule, at[i, 0], at[i, 1], at[i, 2], at[i, 3])
    out[i, 1] = at[i, 4]


def _with(rule: Any, at: Floats, out: Floats, i: Int) -> None:
    out[i, 0], out[i, 1] = call_own_with_memory(
        rule, at[i, 0], at[i, 1], at[i, 2], at[i, 3], at[i, 4]
    )


_call = by_rule(_without, _without, _with)


@kernel
def try_rule(rule: Any, at: Floats, out: Floats) -> None:
    """Write what a rule returns.

    Parameters
    ----------
    rule : KernelRule
    at : (n, 5) float
        Entries, gradients, rates, thresholds and memories.
    out : (n, 2) float
        Receives the next entries and memories; without memory those given.
    """
    for i in range(at.shape[0]):
        _call(rule, at, out, i)
