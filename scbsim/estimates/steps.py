"""How many steps a run will take."""

from __future__ import annotations

from math import isinf
from time import perf_counter
from typing import Any, NamedTuple

from scbsim.engines.noise import NoiseLevels
from scbsim.engines.plan import RunPlan
from scbsim.engines.population import PopulationEngine
from scbsim.estimates.first_part import FirstPart
from scbsim.spec.rules import rule_record

_MOST_SECONDS = 2.0
_BLOCK = 4096
_SPREAD = 1.3
"""How far a stage may end from where it does without noise."""


class StepsOfStage(NamedTuple):
    """Steps of a stage: the least, those expected, and the most."""

    least: float
    expected: float
    most: float


def steps_of(plan: RunPlan, first: FirstPart | None = None) -> list[StepsOfStage]:
    """Return the steps of each stage; ``first`` has those of the first ones, if they are known.

    Where a stage ends on its signal, the step at which it does without noise is found by running
    the population process (`docs/model.md`, section 3), for two seconds at most. It is not known
    for runs that start from another run, or whose rule has no such process.
    """
    if all(isinf(stage.until_signal) for stage in plan.stages):
        return [StepsOfStage(*(float(stage.steps),) * 3) for stage in plan.stages]
    found = _population(plan)
    if first is not None:
        found[: len(first.steps)] = first.steps
    steps = []
    for stage, ends in zip(plan.stages, found, strict=True):
        most = float(stage.steps)
        if isinf(stage.until_signal):
            steps.append(StepsOfStage(most, most, most))
        elif ends is None:
            steps.append(StepsOfStage(1.0, most, most))
        else:
            low, high = max(1.0, ends / _SPREAD), min(most, ends * _SPREAD)
            steps.append(StepsOfStage(low, float(ends), high))
    return steps


def _population(plan: RunPlan) -> list[int | None]:
    """Return the steps of each stage without noise; None from where they are not known."""
    unknown: list[int | None] = [None] * len(plan.stages)
    spec = plan.spec
    projected = all(rule_record(stage.rule).projected for stage in plan.stages)
    softmax = plan.choice.name == "softmax"
    if not spec.init.from_signals or not projected or softmax or not plan.task.truth_known:
        return unknown
    engine: Any = PopulationEngine(
        plan.task,
        NoiseLevels.none(plan.task),
        alpha_A=spec.init.alpha_A,
        alpha_V=spec.init.alpha_V,
        value=False,
    )
    until = perf_counter() + _MOST_SECONDS
    for i, stage in enumerate(plan.stages):
        taken = 0
        while taken < stage.steps:
            if perf_counter() > until:
                return unknown
            block = engine.advance(stage, min(_BLOCK, stage.steps - taken), taken)
            taken += len(block.rows)
            if block.end == "diverged":
                return unknown
            if block.end == "signal":
                break
        unknown[i] = taken
        if stage.normalize_level is not None:
            engine.normalize(stage.normalize_level)
    return unknown
