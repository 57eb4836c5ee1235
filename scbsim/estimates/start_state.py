"""What it takes to begin from the last state of another run that has every entry, or draws them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.engines.plan import RunPlan
from scbsim.run.start import engine_of_start
from scbsim.spec.engines import ENGINES

_OF_LISTS = 68  # bytes of an entry, while all of a state are put into lists
_OF_DRAWN = 8  # of an entry that was not kept, and is drawn
_STEPS_OF_LISTS, _STEPS = 90.0, 8.0
"""Steps of an active entry that take as long as reading and converting an entry, as measured."""


class TakenUp(NamedTuple):
    """What is read and converted at the start, beside the state of the run.

    Attributes
    ----------
    bytes : float
    steps : float
        Of active entries, in which time it is done.
    """

    bytes: float
    steps: float


def taken_up(plan: RunPlan) -> TakenUp:
    """Return what the start of a run takes; nothing if it is not a state with many entries."""
    start = engine_of_start(plan.spec)
    if start is None:
        return TakenUp(0.0, 0.0)
    entries, whole = float(plan.task.N * plan.task.T), "bulk" in ENGINES[start].state
    if plan.engine.keeps_lists and whole:
        return TakenUp(_OF_LISTS * entries, _STEPS_OF_LISTS * entries)
    if not plan.record.entries or plan.engine.keeps_lists:
        return TakenUp(0.0, 0.0)
    size = np.dtype(plan.spec.dynamics.precision).itemsize
    return TakenUp((size if whole else _OF_DRAWN) * entries, _STEPS * entries)
