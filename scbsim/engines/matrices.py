"""The matrices A and V of a state, whatever engine left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.few_numbers import is_few_numbers
from scbsim.state import State
from scbsim.task import Task

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Array = NDArray[np.float64]


def attention_of(state: State, task: Task) -> tuple[Array | csc_array, Array]:
    """Return A, in full or its entries that are not at zero, and the intercept.

    Returns
    -------
    A : (T, N) array, or sparse array
    intercept : (N,) float64
        To be added to each row.
    """
    N, T, none = task.N, task.T, np.zeros(task.N)
    if is_few_numbers(state):
        from scbsim.engines.drawn_entries import with_entries

        state = with_entries(state, task)
    if "logits" in state:
        a = state["logits"].astype(np.float64)
        a = np.exp(a - a.max(axis=1, keepdims=True))
        return (a / a.sum(axis=1, keepdims=True)).T, none
    total = state.get("column_sums", np.ones(N))
    if "bulk" in state:
        s = state["bulk"].astype(np.float64)
        np.put_along_axis(s, task.q_positions, state["support"], axis=1)
        return (s + ((total - s.sum(axis=1)) / T)[:, None]).T, none
    from scipy.sparse import csc_array

    first = np.zeros(N + 1, np.int64)
    positions, values = np.empty(0, np.int64), np.empty(0)
    if "indptr" in state:
        first, positions, values = state["indptr"], state["indices"], state["data"]
    s = csc_array((values, positions, first), (T, N))
    if "support" in state:
        columns = np.repeat(np.arange(N), task.Q)
        on = (state["support"].ravel(), (task.q_positions.ravel(), columns))
        s = csc_array(s + csc_array(on, (T, N)))
    s.sort_indices()
    return s, (total - np.asarray(s.sum(axis=0)).ravel()) / T


def value_of(state: State, task: Task) -> Array | None:
    """Return V, or None if it was kept as scalars that do not determine it."""
    W = state["W"]
    if not W.size:
        from scbsim.engines.value_direction import drawn_value

        drawn = drawn_value(state, task)
        if drawn is None:
            return None
        W = drawn
    return np.asarray(W / np.sqrt(task.mu) + state["mean"][:, None])
