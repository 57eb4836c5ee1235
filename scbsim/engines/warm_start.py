"""Starting from the last state of another run, left by any engine (`docs/model.md`, section 9).

A state has one of four forms of A: every entry (``bulk``), active entries (``indptr``, ``indices``,
``data``), the support only, or a few numbers (``alpha``, ``rest``, or ``off_along`` and
``off_square`` beside the support). It has V as a matrix or by its scalars.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import InputError
from scbsim.kernels.gaussian.state import Value
from scbsim.state import State
from scbsim.task import Task

Array = NDArray[np.float64]


class Entries(NamedTuple):
    """The entries of ``s`` that are not at zero, sorted by column, then position."""

    column: NDArray[np.int64]  # (n,)
    position: NDArray[np.int64]  # (n,)
    s: Array  # (n,)


class Columns(NamedTuple):
    """The columns of ``s``, relative to the support of a new task."""

    support: Array  # (N, Q): entries on the support
    off_sums: Array  # (N, 2): sum of the other entries, and of their squares


def logits_to_entries(state: State, old: Task) -> State:
    """Return a state with ``bulk`` and ``support`` in place of logits, if it has logits."""
    if "logits" not in state:
        return state
    logits = state["logits"].astype(np.float64)
    a = np.exp(logits - logits.max(axis=1, keepdims=True))
    a /= a.sum(axis=1, keepdims=True)
    support = np.take_along_axis(a, old.q_positions, axis=1)
    np.put_along_axis(a, old.q_positions, 0.0, axis=1)
    return {**state, "bulk": a.astype(state["logits"].dtype), "support": support}


def entries_of(state: State, old: Task) -> Entries:
    """Return all entries of a state that are not at zero; raise InputError if it has no entries."""
    state = logits_to_entries(state, old)
    if "alpha" in state or "off_along" in state:
        raise InputError(
            "init.from: that run stored A as a few numbers, and this one needs its entries; take "
            'dynamics.engine = "staged" here, which draws them, or output.final_state = true there'
        )
    if "indptr" in state:
        columns = np.repeat(np.arange(old.N), np.diff(state["indptr"]))
        positions, s = state["indices"], state["data"]
    elif "bulk" in state:
        columns, positions = np.nonzero(state["bulk"])
        s = state["bulk"][columns, positions].astype(np.float64)
    else:
        columns = positions = np.empty(0, np.int64)
        s = np.empty(0)
    columns = np.concatenate([columns, np.repeat(np.arange(old.N), old.Q)])
    positions = np.concatenate([positions, old.q_positions.ravel()])
    s = np.concatenate([s, state["support"].ravel()])
    order = np.lexsort((positions, columns))
    order = order[s[order] != 0]
    return Entries(columns[order], positions[order], s[order])


def split(entries: Entries, new: Task) -> tuple[Columns, Entries]:
    """Separate the entries on a new task's support from the others."""
    support, kept = np.zeros((new.N, new.Q)), np.ones(len(entries.s), bool)
    first = np.searchsorted(entries.column, np.arange(new.N + 1))
    for k in range(new.N):
        here = slice(first[k], first[k + 1])
        at = np.searchsorted(entries.position[here], new.q_positions[k])
        for j, (i, t) in enumerate(zip(at + first[k], new.q_positions[k], strict=True)):
            if i < first[k + 1] and entries.position[i] == t:
                support[k, j], kept[i] = entries.s[i], False
    others = Entries(entries.column[kept], entries.position[kept], entries.s[kept])
    sums = (np.bincount(others.column, others.s**power, new.N) for power in (1, 2))
    return Columns(support, np.stack(list(sums), axis=1)), others


def pairs_of(columns: Columns, task: Task) -> tuple[Array, Array]:
    """Return the signal of each column, and the squared norm of its rest times mu, both (N,).

    The sums are those of `scbsim.kernels.gaussian.observe.couple`. The signal is subtracted from
    each entry before squaring: a difference of squares would leave a noise part of the size of the
    root of its rounding error.
    """
    T, support, (sums, squares) = float(task.T), columns.support, columns.off_sums.T
    others = T - task.Q
    mean = (sums + support.sum(axis=1)) / T
    product = (others * mean - sums) / T
    product += ((support - mean[:, None]) * (task.q_weights - 1.0 / T)).sum(axis=1)
    alpha = np.divide(product, task.K, out=np.zeros(task.N), where=task.K > 0)
    d = support - alpha[:, None] * task.q_weights
    mean = (sums + d.sum(axis=1)) / T
    spread = squares - 2.0 * mean * sums + others * mean**2
    rest = np.maximum(spread, 0.0) + np.square(d - mean[:, None]).sum(axis=1)
    return alpha, task.mu * rest


def same_target(old: Task, new: Task) -> bool:
    """Return whether two tasks have the same attention target and tokens."""
    names = ("mu", "q_positions", "q_weights")
    return old.T == new.T and all(_equal(old, new, name) for name in names)


def same_tokens(old: Task, new: Task) -> bool:
    """Return whether two tasks have the same distribution of tokens."""
    return _equal(old, new, "mu")


def adopt_value(V: Value, K_P: float, mean: Array, state: State, old: Task, new: Task) -> None:
    """Set V, and ``mean = V mu``, from a state.

    If mu of the old task differs, ``V mu`` is not mu, and no step changes it.

    Parameters
    ----------
    K_P : float
        Of the new task.

    Raises
    ------
    InputError
        If the state has only the scalars of V, and they are not sufficient.
    """
    if not state["W"].size:
        _adopt_scalars(V, mean, state, old, new)
        return
    if new.P is None and new.truth_known:
        raise InputError(
            f"init.from: that run stored V as a matrix, and here P is unknown; {_with_P(old, new)}"
        )
    matrix = state["W"] / np.sqrt(old.mu) + state["mean"][:, None]
    mean[:] = matrix @ new.mu
    W = moved_value(state["W"], state["mean"], old, new)
    target = V.target if V.W.size else new.P_tilde
    alpha = (W * target).sum() / K_P if K_P > 0 else 0.0
    V.scalars[:] = alpha, np.square(W - alpha * target).sum()
    if V.W.size:
        V.W[:] = W


def moved_value(W: Array, mean: Array, old: Task, new: Task) -> Array:
    """Return the W of a V for the tokens of another task."""
    matrix = W / np.sqrt(old.mu) + mean[:, None]
    return np.asarray((matrix - (matrix @ new.mu)[:, None]) * np.sqrt(new.mu))


def _adopt_scalars(V: Value, mean: Array, state: State, old: Task, new: Task) -> None:
    if not (_equal(old, new, "mu") and _equal(old, new, "P") and old.K_P == new.K_P):
        raise InputError(
            "init.from: that run stored V as its signal and the norm of its noise part, which say "
            f"nothing of another P; {_with_P(old, new)}"
        )
    if V.W.size and state["scalars"][1] > 0:
        raise InputError(
            "init.from: that run stored V as its signal and the norm of its noise part, and this "
            'one keeps it as a matrix: take dynamics.value = "collapsed" here, or "matrix" there'
        )
    mean[:] = state["mean"]
    V.scalars[:] = state["scalars"]
    if V.W.size:
        V.W[:] = V.scalars[0] * V.target


def _with_P(old: Task, new: Task) -> str:
    """Return the advice of a message about a start that needs the matrix P."""
    if new.P is None:
        return "take a task with its P in place of task.K_P here"
    again = 'run it again with dynamics.value = "matrix"'
    return again if old.P is not None else f"{again} and a task with its P in place of task.K_P"


def _equal(old: Task, new: Task, name: str) -> bool:
    here, there = getattr(new, name), getattr(old, name)
    return here is there or (here is not None and there is not None and np.array_equal(here, there))
