"""Single columns of A of an engine as it is now, without all of A in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Engine
from scbsim.engines.entries import Entries
from scbsim.engines.matrices import attention_of
from scbsim.engines.staged import StagedEngine
from scbsim.engines.without_entries import WithoutEntries
from scbsim.state import State
from scbsim.task import Task
from scbsim.util.memory import require

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Array = NDArray[np.float64]

_LESS = "take single columns, by column(k) or entries(k)"


class SparseColumn(NamedTuple):
    """A column of A as ``intercept`` everywhere, plus ``values`` at ``positions``.

    Attributes
    ----------
    positions : (n,) int64
        Ascending, without repetition; all others are at zero.
    values : (n,) float64
    intercept : float
    """

    positions: NDArray[np.int64]
    values: Array
    intercept: float


class AttentionColumns(Protocol):
    """The columns of A after a step. They are new arrays, never views of the engine's."""

    def dense(self, k: int) -> Array:
        """Return column k in full, (T,) float64."""
        ...

    def sparse(self, k: int) -> SparseColumn:
        """Return the entries of column k that are not at zero, and the intercept."""
        ...

    def whole(self) -> tuple[Array | csc_array, Array]:
        """Return all columns, as :func:`scbsim.engines.matrices.attention_of` does.

        Raises
        ------
        MemoryNeeded
            If they do not fit into memory.
        """
        ...


def columns_of(engine: Engine) -> AttentionColumns:
    """Return the columns of A of an engine.

    An engine that keeps no entries draws them; those that were drawn stay drawn.

    Raises
    ------
    InputError
        If it cannot draw them.
    """
    now = engine.part if isinstance(engine, StagedEngine) else engine
    if isinstance(now, WithoutEntries):
        return _Drawn(now.entries(), now.task)
    task: Task = now.task  # type: ignore[attr-defined]
    return _Kept(now.state(), task)


class _Kept:
    """Columns of a state that has entries."""

    def __init__(self, state: State, task: Task) -> None:
        self._state, self._task = state, task

    def dense(self, k: int) -> Array:
        if "logits" in self._state:
            a = self._state["logits"][k].astype(np.float64)
            a = np.exp(a - a.max())
            return np.asarray(a / a.sum())
        positions, values, intercept = self.sparse(k)
        column = np.full(self._task.T, intercept)
        column[positions] += values
        return column

    def sparse(self, k: int) -> SparseColumn:
        state, task = self._state, self._task
        if "logits" in state:
            return SparseColumn(np.arange(task.T), self.dense(k), 0.0)
        total = float(state["column_sums"][k]) if "column_sums" in state else 1.0
        on, support = task.q_positions[k], state["support"][k]
        if "bulk" in state:
            s = state["bulk"][k].astype(np.float64)
            s[on] = support
            positions = np.flatnonzero(s)
            values = s[positions]
        elif "indptr" in state:
            here = slice(*state["indptr"][k : k + 2])
            positions = np.concatenate([state["indices"][here], on])
            values = np.concatenate([state["data"][here], support])
            order = np.argsort(positions)
            positions, values = positions[order], values[order]
        else:
            positions, values = np.array(on), np.array(support)
        return SparseColumn(positions, values, (total - float(values.sum())) / task.T)

    def whole(self) -> tuple[Array | csc_array, Array]:
        if "bulk" in self._state or "logits" in self._state:
            _require_whole(self._task, 3)
        return attention_of(self._state, self._task)


class _Drawn:
    """Columns of drawn entries."""

    def __init__(self, entries: Entries, task: Task) -> None:
        self._entries, self._task = entries, task

    def dense(self, k: int) -> Array:
        column = self._entries.part(k, 0, self._task.T)
        column[self._task.q_positions[k]] = self._entries.support[k]
        return np.asarray(column + self._entries.intercept[k])

    def sparse(self, k: int) -> SparseColumn:
        intercept = float(self._entries.intercept[k])
        return SparseColumn(np.arange(self._task.T), self.dense(k) - intercept, intercept)

    def whole(self) -> tuple[Array, Array]:
        _require_whole(self._task, 1)
        N = self._task.N
        A = np.empty((N, self._task.T))
        for k in range(N):
            A[k] = self.dense(k)
        return A.T, np.zeros(N)


def _require_whole(task: Task, copies: int) -> None:
    require(8 * copies * task.N * task.T, f"A in full, {task.T} x {task.N}", _LESS)
