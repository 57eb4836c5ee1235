"""Checks of the schedules of a stage: every value that a step will have is one that is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from scbsim.errors import Fault
from scbsim.spec.schedule import extremes, first_wrong
from scbsim.spec.types import EXACT
from scbsim.util.text import show

if TYPE_CHECKING:
    from scbsim.spec.base import Values

_BOUNDS: Final = {
    "rate_A": (0.0, math.inf),
    "rate_V": (0.0, math.inf),
    "threshold": (0.0, math.inf),
    "threshold_sigmas": (0.0, math.inf),
    "batch_size": (1.0, float(EXACT)),
}
SCHEDULED: Final = tuple(_BOUNDS)
"""The keys of a stage that take a schedule."""


def is_schedule(key: str, value: Any) -> bool:
    """Return whether the value of a key of a stage is a schedule, and not a number or a word."""
    return key in _BOUNDS and isinstance(value, str) and value != "auto"


def schedules_stay_allowed(stage: Values) -> Iterator[Fault]:
    """Check the values of every schedule at every step."""
    steps = int(stage["steps"])
    for key, (least, below) in _BOUNDS.items():
        value = stage.get(key)
        if not is_schedule(key, value):
            continue
        if (found := first_wrong(value, steps, least, below)) is not None:
            t, wrong = found
            takes = "1 or more, below 2**53" if key == "batch_size" else "finite, 0 or more"
            yield Fault(
                key,
                f"{show(value)} is {wrong:.6g} at t = {t}; it must be {takes} at every step, "
                f"t = 0 to {steps - 1}",
            )


def largest_batch(stage: Values) -> float | None:
    """Return the largest batch of a stage that has its own; None of one without."""
    size = stage["batch_size"]
    if not is_schedule("batch_size", size):
        return None if size is None else float(size)
    steps = int(stage["steps"])
    wrong = first_wrong(size, steps, *_BOUNDS["batch_size"])
    return None if wrong is not None else float(round(extremes(size, steps)[2]))
