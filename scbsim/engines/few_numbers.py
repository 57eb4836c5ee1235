"""States that have a few numbers in place of the entries of A."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def is_few_numbers(state: Mapping[str, Any]) -> bool:
    """Return whether a state has no entries of A, but numbers from which they are drawn."""
    return "alpha" in state or "off_along" in state


def is_drawn(state: Mapping[str, Any]) -> bool:
    """Return whether the entries of a state of a few numbers were drawn in it."""
    if "known" not in state or not np.all(state["known"]):
        return False
    since, collapsed = np.asarray(state["since"]), "alpha" in state
    if np.any(state["rest" if collapsed else "off_square"]) and not since.size:
        return False
    same = np.array_equal(state["ones"], [1.0, 0.0, 0.0]) if collapsed else True
    return bool(same and (since == 1.0).all())
