"""The state before the draw of entries at the end of a run.

A run that is taken further has not ended there, so it has not made that draw. The last state of a
run keeps the draw, since others start from it, and beside it what the draw changed.
"""

from __future__ import annotations

import numpy as np

from scbsim.state import State

_PREFIX = "before_"
_DRAWS = "before_draws"
_BY_DRAW = ("drawn", "turns")  # arrays with a row for each draw


def kept_before(draws: int, changes: State) -> State:
    """Return arrays to keep: the number of draws so far, and copies of what a draw changes."""
    return {_DRAWS: np.array([float(draws)])} | {
        f"{_PREFIX}{name}": array.copy() for name, array in changes.items()
    }


def without_last_draw(state: State) -> State:
    """Return a last state as it was before the draw at its end.

    A file of an earlier version has kept nothing of it: then the state remains as it is.
    """
    kept = {name: array for name, array in state.items() if not name.startswith(_PREFIX)}
    if _DRAWS not in state:
        return kept
    draws = int(state[_DRAWS][0])
    before = {name: kept[name][:draws] for name in _BY_DRAW}
    before |= {
        name.removeprefix(_PREFIX): array
        for name, array in state.items()
        if name.startswith(_PREFIX) and name != _DRAWS
    }
    return kept | before
