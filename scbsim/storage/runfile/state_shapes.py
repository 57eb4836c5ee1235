"""Checks of the arrays of a last state, before another run starts from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.spec.engines import ENGINES
from scbsim.state import State
from scbsim.task import Task

_COMMON = ("W", "scalars", "mean")
_OF_V = {"known_V", "direction_V", "since_V"}
_OF_DRAWS = {"collapsed": {"ones", "totals"}, "sampled": {"totals"}}
_INTEGER = ("indptr", "indices", "drawn", "samples")


def require_state(state: State, task: Task, engine: str, columns: int) -> None:
    """Check that a state has the arrays of its engine, with the sizes of its task.

    ``columns`` is the number of columns read of a ``bulk``. Raise ValueError with the array that is
    missing, or has another shape or type.
    """
    for name in (*_COMMON, *(ENGINES[engine].state if engine in ENGINES else ())):
        if name not in state:
            raise ValueError(f"its last state has no {name}, which the {engine} engine keeps")
    shapes = _shapes(task) | {"bulk": [(columns, task.T)]}
    for name, array in state.items():
        kind = np.integer if name in _INTEGER else np.floating
        if not np.issubdtype(array.dtype, kind):
            raise ValueError(f"its last state has {name} of type {array.dtype}")
        wanted = shapes.get(name, [array.shape])
        if array.shape not in wanted:
            raise ValueError(f"its last state has {name} of shape {array.shape}")
    if "indptr" in state:
        _require_lists(state, task)
    _require_draws(state, task, engine)


def _shapes(task: Task) -> dict[str, list[tuple[int, ...]]]:
    N, T, Q = task.N, task.T, task.Q
    return {
        "support": [(N, Q)],
        "off_sums": [(N, 2)],
        "column_sums": [(N,)],
        "indptr": [(N + 1,)],
        "alpha": [(1,), (N,)],
        "rest": [(1,), (N,)],
        "off_along": [(N,)],
        "off_square": [(N,)],
        "part": [(1,)],
        "samples": [(1,)],
        "ones": [(3,)],
        "totals": [(N,)],
        "known": [(1,)],
        "since": [(0,), (1,), (N,)],
        "before_draws": [(1,)],
        "before_since": [(0,), (1,), (N,)],
        "before_ones": [(3,)],
        "before_totals": [(N,)],
        "known_V": [(1,)],
        "direction_V": [(N, N), (0, 0)],
        "since_V": [(0,), (1,)],
        "before_direction_V": [(N, N), (0, 0)],
        "before_since_V": [(0,), (1,)],
        "logits": [(N, T)],
        "memory": [(N, T)],
        "support_memory": [(N, Q)],
        "W": [(N, N), (0, 0)],
        "scalars": [(2,)],
        "mean": [(N,)],
    }


def _require_draws(state: State, task: Task, engine: str) -> None:
    """Check the arrays of drawn entries, of which files of earlier versions have none."""
    wanted = {"drawn", "turns", "since", "known"} | _OF_DRAWS.get(engine, set())
    for group in (wanted, _OF_V):
        there = group & set(state)
        for name in sorted(group - there if there else ()):
            raise ValueError(f"its last state has no {name}, which the {engine} engine keeps")
    if "drawn" not in state:
        return
    drawn, turns = state["drawn"], state["turns"]
    if drawn.shape != (len(drawn), 3) or turns.shape != (len(drawn), task.N, 4):
        raise ValueError(
            f"its last state has drawn of shape {drawn.shape} and turns of shape {turns.shape}"
        )
    given = state.get("given", np.empty((0, 3)))
    if given.shape != (len(given), 3) or not _is_list(given, task):
        raise ValueError(f"its last state has given of shape {given.shape} that does not fit")


def _is_list(given: NDArray[np.float64], task: Task) -> bool:
    """Return whether rows have columns and positions of a task, in the order that they have."""
    N, Q = task.N, task.Q
    if not len(given):
        return True
    fixed = N + N * Q
    if len(given) < fixed or not np.isfinite(given).all():
        return False
    column, position = given[fixed:, 0], given[fixed:, 1]
    whole: Any = (given[fixed:, :2] == np.floor(given[fixed:, :2])).all()
    inside: Any = (column >= 0).all() and (column < N).all()
    inside &= (position >= 0).all() and (position < task.T).all()
    ascends: Any = (np.diff(column * float(task.T) + position) > 0).all()
    return bool(whole and inside and ascends)


def _require_lists(state: State, task: Task) -> None:
    first, positions, count = state["indptr"], state["indices"], len(state["data"])
    ascends: Any = (np.diff(first) >= 0).all()
    if not (first[0] == 0 and first[-1] == count == len(positions) and ascends):
        raise ValueError("its last state has lists of entries that do not fit together")
    if count and not (0 <= positions.min() and positions.max() < task.T):
        raise ValueError(f"its last state has positions outside 0 to {task.T - 1}")
