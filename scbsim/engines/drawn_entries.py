"""The entries of a state that is a few numbers, in which their directions are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.directions import DrawnDirections, Space
from scbsim.engines.entries import Entries
from scbsim.engines.few_numbers import is_drawn, is_few_numbers
from scbsim.engines.value_direction import drawn_value
from scbsim.state import State
from scbsim.task import Task
from scbsim.util.memory import require

Array = NDArray[np.float64]


def space_of_collapsed(task: Task, *, together: bool) -> Space:
    """Return the space of the rests of the collapsed engine, of one group or one a column."""
    N, root = task.N, np.sqrt(task.mu)
    if together:
        K, D = np.array([task.K_Q]), np.array([N * (task.T - 1.0)])
        group = np.zeros(N, np.int64)
    else:
        K, D, group = task.mu * task.K, np.full(N, task.T - 1.0), np.arange(N)
    free = np.maximum(D - np.where(K > 0, 2.0, 1.0), 0.0)
    return Space(group, True, root, K, free)


def space_off_support(task: Task) -> Space:
    """Return the space of the rests of the engines that keep the support of each column."""
    N, n = task.N, task.T - task.Q
    nothing = np.zeros(N)
    return Space(np.arange(N), False, nothing, nothing, np.full(N, max(n - 2.0, 0.0)))


def collapsed_entries(
    directions: DrawnDirections, task: Task, alpha: Array, rest: Array, totals: Array
) -> Entries:
    """Return the entries of a collapsed A for the present directions.

    Parameters
    ----------
    directions : DrawnDirections
    task : Task
    alpha, rest : (groups,) float64
    totals : (N,) float64
        The sums of ``s_k``.
    """
    T = float(task.T)
    group = np.zeros(task.N, np.int64) if len(alpha) < task.N else np.arange(task.N)
    alpha = alpha[group]
    scale = np.sqrt(rest[group] / task.mu)
    base = (totals - alpha) / T
    sums, n = directions.sums(), T - task.Q
    r = directions.at_support()
    support = alpha[:, None] * task.q_weights + (base[:, None] + scale[:, None] * r)
    total = n * base + scale * sums.total
    squares = base * (n * base + 2.0 * scale * sums.total) + scale**2 * sums.square
    off_sums = np.stack([total, squares], axis=1)
    return Entries(directions, base, scale, support, off_sums, sums.tops)


def off_support_entries(
    directions: DrawnDirections, task: Task, state: State, tops: Array
) -> Entries:
    """Return the entries of a state with the support, ``off_along`` and ``off_square``."""
    others = max(1, task.T - task.Q)
    base, scale = state["off_along"] / np.sqrt(others), np.sqrt(state["off_square"])
    sums, support = state["off_sums"].copy(), state["support"].copy()
    return Entries(directions, base, scale, support, sums, tops)


def entries_of_state(state: State, task: Task) -> Entries | None:
    """Return the entries of a state of a few numbers; None if they were not drawn in it."""
    if not is_drawn(state):
        return None
    if "alpha" not in state:
        directions = DrawnDirections(task, space_off_support(task))
        directions.restore(state)
        entries = off_support_entries(directions, task, state, directions.tops())
        if "totals" in state:
            return entries.shifted((state["totals"] - entries.totals()) / task.T)
        return entries
    space = space_of_collapsed(task, together=len(state["alpha"]) < task.N)
    directions = DrawnDirections(task, space)
    directions.restore(state)
    return collapsed_entries(directions, task, state["alpha"], state["rest"], state["totals"])


def with_entries(state: State, task: Task) -> State:
    """Return a state with all entries and V in place of a few numbers, if they were drawn in it.

    Raises
    ------
    MemoryNeeded
        If they do not fit into memory.
    """
    if not is_few_numbers(state):
        return state
    entries = entries_of_state(state, task)
    if entries is None:
        return state
    N, T = task.N, task.T
    require(3 * 8 * N * T, f"A, {T} x {N}", 'take dynamics.engine = "staged" here, or a smaller T')
    bulk = np.empty((N, T))
    for k in range(N):
        bulk[k] = entries.part(k, 0, T)
    W = state["W"] if state["W"].size else drawn_value(state, task)
    return {
        "bulk": bulk,
        "support": entries.support,
        "off_sums": entries.off_sums,
        "W": np.empty((0, 0)) if W is None else W,
        "scalars": state["scalars"],
        "mean": state["mean"],
    }
