"""The two parts of a staged run, and which arrays its snapshots have in each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.state import State

PART = "part"
FIRST, SECOND = 0.0, 1.0

_LISTS = ("indptr", "indices", "data", "intercept")
_EVERY_ENTRY = ("bulk", "support", "off_sums")


def part_of(second: bool) -> NDArray[np.float64]:
    """Return what a state keeps of the part that it is of."""
    return np.array([SECOND if second else FIRST])


def no_lists(N: int) -> State:
    """Return lists of active entries without an entry, as snapshots of the second part have."""
    first, none = np.zeros(N + 1, np.int64), np.empty(0, np.int64)
    return {"indptr": first, "indices": none, "data": np.empty(0)}


def not_in(part: float) -> tuple[str, ...]:
    """Return the arrays that a snapshot of a part does not have."""
    return _LISTS if part == FIRST else _EVERY_ENTRY
