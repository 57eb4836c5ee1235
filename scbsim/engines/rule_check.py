"""Checks of rules that are functions in Python, before a run with them begins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import product
from typing import Any, cast

import numba
import numpy as np
from numpy.typing import NDArray

from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.errors import InputError
from scbsim.kernels.compile.rule_type import KernelRule
from scbsim.kernels.gaussian.schedule import RATE_A, THRESHOLD
from scbsim.kernels.gaussian.try_rule import try_rule
from scbsim.rules.loading import function_of, kernel_rule
from scbsim.spec.rules import rule_record, short_name
from scbsim.util.text import counted

Array = NDArray[np.float64]

_SIZES = (0.0, 1e-3, -1e-3, 0.3, -0.3, 1.0, -1.0)
_FRACTIONS = np.linspace(-1.0, 1.0, 201) * (1.0 - 1e-6)
"""Of a threshold: gradients within it. At the threshold itself rounding decides."""
_WORDS = 300


def require_sound_rules(plan: RunPlan) -> None:
    """Check the rules of a run that are functions, at the rates and thresholds of their stages.

    Raises
    ------
    InputError
        If one cannot be compiled, returns something else than numbers, moves an entry that is 0
        with a gradient of 0, or does not keep zeros in the engine ``sparse``.
    """
    for stage in plan.stages:
        if not rule_record(stage.rule).own:
            continue
        thresholds = np.unique(stage.threshold)
        # A few columns of a large task stand for the others.
        some = thresholds[np.linspace(0, len(thresholds) - 1, 9).astype(int)].tolist()
        sparse = plan.choice.name == "sparse"
        for rate, scale in _rates_and_scales(stage):
            limits = tuple(scale * each for each in dict.fromkeys(some))
            _require_sound(stage.rule, rate, limits, sparse)


def _rates_and_scales(stage: Stage) -> set[tuple[float, float]]:
    """Return the rate of a stage and what thresholds are multiplied by: first, midway, and last."""
    if stage.schedule is None:
        return {(float(stage.rate_A), 1.0)}
    steps = (0, stage.steps // 2, stage.steps - 1)
    rows = [stage.schedule.table(step, 1)[0] for step in steps]
    return {(float(row[RATE_A]), float(row[THRESHOLD])) for row in rows}


@cache
def _require_sound(name: str, rate: float, thresholds: tuple[float, ...], sparse: bool) -> None:
    label = f"the rule {short_name(name)}"
    found = _values(name, product(_SIZES, _SIZES, (rate,), thresholds, (0.0,)))
    if rule_record(name).memory and np.isfinite(found).all():
        # Again with the memory that a first step leaves, at other entries: any other may be none
        # that the rule can have.
        again = found[:, :5].copy()
        again[:, 4] = found[::-1, 6]
        found = _values(name, map(tuple, again))
    if not np.isfinite(found[:, 5:]).all():
        at = found[~np.isfinite(found[:, 5:]).all(axis=1)][0]
        raise InputError(f"{label} returns {at[5]:g} {_where(at)}; it has to return finite numbers")
    still = _values(name, [(0.0, 0.0, rate, threshold, 0.0) for threshold in thresholds])
    if still[:, 5:].any():
        at = still[still[:, 5:].any(axis=1)][0]
        what = f"an entry of {at[5]:g}" + (f" and a memory of {at[6]:g}" if at[6] else "")
        raise InputError(
            f"{label} makes {what} of an entry that is 0 with a gradient of 0, {_where(at)}; "
            "such an entry has to stay 0"
        )
    if sparse:
        _require_zeros(name, label, rate, thresholds)


def _require_zeros(name: str, label: str, rate: float, thresholds: Iterable[float]) -> None:
    within = [(0.0, f * limit, rate, limit, 0.0) for limit in thresholds for f in _FRACTIONS]
    if rate == 0.0:
        within = [(0.0, g, rate, limit, 0.0) for limit in thresholds for g in _SIZES]
    found = _values(name, within)
    if found[:, 5].any():
        at = found[found[:, 5] != 0.0][0]
        raise InputError(
            f"{label} says keeps_zeros = True, and makes {at[5]:g} of an entry that is 0, "
            f"{_where(at)}, which is within the threshold; write keeps_zeros = False, or take "
            'dynamics.engine = "dense"'
        )


def _where(at: Array) -> str:
    s, gradient, rate, threshold, memory = at[:5]
    place = f"s = {s:g}, gradient = {gradient:g}, rate = {rate:g}, threshold = {threshold:g}"
    return f"at {place}" + (f", memory = {memory:g}" if memory else "")


def _values(name: str, points: Iterable[tuple[float, ...]]) -> Array:
    """Return points beside what a rule makes of them, (n, 7)."""
    at = np.array(list(points), np.float64).reshape(-1, 5)
    out = np.empty((len(at), 2))
    rule = cast(KernelRule, kernel_rule(name))
    try:
        try_rule(rule, at, out)
    except numba.errors.NumbaError as error:
        raise InputError(f"the rule {short_name(name)} {_explained(name, error)}") from None
    except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        words = f"fails: {type(error).__name__}: {error}"
        raise InputError(f"the rule {short_name(name)} {words}") from None
    return np.column_stack([at, out])


def _explained(name: str, error: Exception) -> str:
    """Return why a rule could not be compiled."""
    memory = rule_record(name).memory
    try:
        function: Any = numba.njit(error_model="numpy")(function_of(name))
        function.compile((numba.float64,) * (5 if memory else 4))
        (compiled,) = function.overloads.values()
        wanted = "(s, memory), two numbers" if memory else "a number, the next s"
        return f"returns {_in_words(compiled.signature.return_type)}; it has to return {wanted}"
    except Exception as own:
        return f"cannot be compiled: {_first_words(own)}"


def _in_words(kind: Any) -> str:
    """Return a type of numba in words for the author of a rule."""
    types = numba.types
    if isinstance(kind, types.NoneType):
        return "nothing"
    if isinstance(kind, types.Optional):
        return f"{_in_words(kind.type)} or nothing, by the branch that it takes"
    if isinstance(kind, types.BaseTuple):
        return f"{counted(len(kind), 'value')} ({', '.join(map(_in_words, kind))})"
    if isinstance(kind, types.Complex):
        return "a complex number"
    if isinstance(kind, types.Boolean):
        return "True or False"
    if isinstance(kind, types.Number):
        return "a number"
    return "an array" if isinstance(kind, types.Array) else f"a value of type {kind}"


def _first_words(error: Exception) -> str:
    """Return the first words of an error of numba that say something to the author of a rule."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    lines = [line.strip() for line in text.splitlines()]
    dull = ("Failed in", "During:", "- Resolution", "<source elided>")
    kept = [line for line in lines if line and not line.startswith(dull)]
    words = re.sub(r"UniTuple\((\w+) x (\d+)\)", r"\2 numbers", " ".join(kept[:6]))
    return words if len(words) <= _WORDS else f"{words[: _WORDS - 3]}..."
