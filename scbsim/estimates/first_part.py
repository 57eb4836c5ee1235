"""The stages of SGD with which a staged run begins, taken here: they cost little.

They say after how many steps the run hands its entries over, and how far these are from zero.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.plan import RunPlan
from scbsim.engines.select import build
from scbsim.engines.without_entries import WithoutEntries
from scbsim.errors import ScbsimError
from scbsim.spec.rules import rule_record

_MOST_SECONDS = 2.0
_BLOCK = 256


class FirstPart(NamedTuple):
    """What is known of a run where it hands its entries over.

    Attributes
    ----------
    steps : list of int
        Of the first stages.
    spread, levels : (N,) float64
        The variance of an entry off the support, and the level of its noise.
    """

    steps: list[int]
    spread: NDArray[np.float64]
    levels: NDArray[np.float64]


def first_part(plan: RunPlan) -> FirstPart | None:
    """Take the first stages of a run of the staged engine.

    None if it is not one, starts from another run, diverges, or takes longer than two seconds.
    """
    if plan.choice.name != "staged" or not plan.spec.init.from_signals:
        return None
    try:
        return _taken(plan)
    except ScbsimError:
        return None


def _taken(plan: RunPlan) -> FirstPart | None:
    engine: Any = build(plan, 1)
    until, steps = perf_counter() + _MOST_SECONDS, list[int]()
    for stage in plan.stages:
        if rule_record(stage.rule).keeps_zeros:
            break
        taken, block = 0, 1
        while taken < stage.steps:
            if perf_counter() > until:
                return None
            found = engine.advance(stage, min(block, stage.steps - taken), taken)
            taken, block = taken + len(found.rows), _BLOCK
            if found.end == "diverged":
                return None
            if found.end == "signal":
                break
        steps.append(taken)
        if stage.normalize_level is not None:
            break
    part = engine.part
    assert isinstance(part, WithoutEntries)
    part.update_levels_if_due()
    return FirstPart(steps, _spread(part, plan), _levels(part, plan))


def _spread(part: Any, plan: RunPlan) -> NDArray[np.float64]:
    task = plan.task
    if part.name == "collapsed":
        rest = part.state()["rest"]
        shared = len(rest) < task.N
        return np.asarray((rest / task.N if shared else rest) / (task.mu * task.T))
    return np.asarray(part.off.square / max(1, task.T - task.Q))


def _levels(part: Any, plan: RunPlan) -> NDArray[np.float64]:
    found = part.state().get("noise_zero")
    return plan.levels.sigma_A if found is None else np.array(found)
