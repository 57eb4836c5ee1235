"""The orders of stages that engines without entries take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from scbsim.spec.engines import ENGINES
from scbsim.spec.noise_models import NOISE_MODELS
from scbsim.spec.rules import Rule

AFTER_ZEROS = (
    "levels of noise follow the few entries that were left, and SGD on a few numbers a column "
    "knows them by their mean"
)
"""Why SGD under matched noise does not follow on entries that were set to 0."""

_LAST = "its last state has every entry"


class Step(NamedTuple):
    """What matters of a stage: its rule, and whether it normalises at its end."""

    rule: Rule
    normalizes: bool


def refusal(stages: Sequence[Step], model: str) -> tuple[int, str] | None:
    """Return the stage that the staged engine does not take, and why; None if it takes all.

    Parameters
    ----------
    stages : sequence of Step
    model : str
        The noise model.
    """
    listed = set_to_zero = False
    for i, (rule, normalizes) in enumerate(stages):
        if rule.keeps_zeros:
            listed = True
        elif set_to_zero and NOISE_MODELS[model].follows_state:
            return i, AFTER_ZEROS
        else:
            listed = False
        listed |= normalizes
        set_to_zero |= listed
    if set_to_zero and not listed:
        return len(stages) - 1, _LAST
    return None


def few_numbers(stages: Sequence[Step]) -> bool:
    """Return whether a few numbers a column are enough under sampled noise: SGD alone."""
    takes = ENGINES["sampled"].takes
    return all(takes(rule) and not normalizes for rule, normalizes in stages)


def ends_in_lists(stages: Sequence[Step]) -> bool:
    """Return whether entries that are not at 0 are few at the end."""
    return bool(stages) and (stages[-1].rule.keeps_zeros or stages[-1].normalizes)
