"""The dense engine: every entry of A and V, as the dynamics are written. The ground truth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.cost import DENSE_ENTRY, dense_bytes
from scbsim.engines.gaussian import GaussianEngine
from scbsim.engines.noise import Noise
from scbsim.engines.plan import RunPlan
from scbsim.engines.warm_start import entries_of, in_entries, split
from scbsim.errors import InputError
from scbsim.kernels.gaussian.state import Attention
from scbsim.state import State
from scbsim.task import Task

LONGEST = {"float32": 2**34, "float64": 2**33}
"""Positions of a column whose noise has a counter of its own, by type."""


def _places(positions: NDArray[np.int64]) -> list[tuple[int, int]]:
    return [(k, t) for k, row in enumerate(positions.tolist()) for t in row]


def require_length(task: Task, dtype: Any) -> None:
    """Refuse a T beyond the layout of the random stream (`docs/model.md`, section 7).

    Raises
    ------
    InputError
    """
    longest = LONGEST[np.dtype(dtype).name]
    if task.T > longest:
        raise InputError(
            f"task.T: {task.T} positions; the dense engine's random stream numbers up to "
            f"{longest} of a column in {np.dtype(dtype).name}"
        )


def adopt_columns(A: Attention, state: State, old: Task, new: Task) -> None:
    """Set every entry of the columns that are here from a state.

    Parameters
    ----------
    A : Attention
        All columns, or those from ``A.first`` on.
    state : dict of arrays
        A ``bulk`` in it has the same columns; all else is of all columns.
    old, new : Task
    """
    here = slice(A.first, A.first + len(A.bulk))
    if "bulk" in state:
        # The old support is what it was, entry by entry, and then the new one is taken out.
        positions, support = old.q_positions[here], state["support"][here]
        A.bulk[:] = state["bulk"]
        np.put_along_axis(A.bulk, positions, support.astype(A.bulk.dtype), axis=1)
        A.support[:] = np.take_along_axis(A.bulk, A.positions, axis=1)
        wide = dict(zip(_places(positions), support.flat, strict=True))
        for i, place in enumerate(_places(A.positions)):
            A.support.flat[i] = wide.get(place, A.support.flat[i])
    else:
        columns, others = split(entries_of(state, old), new)
        mine = (others.column >= here.start) & (others.column < here.stop)
        A.bulk[others.column[mine] - here.start, others.position[mine]] = others.s[mine]
        A.support[:] = columns.support[here]
    np.put_along_axis(A.bulk, A.positions, 0.0, axis=1)
    for k, column in enumerate(A.bulk):
        A.off_sums[k] = column.sum(dtype=np.float64), np.square(column, dtype=np.float64).sum()


class DenseEngine(GaussianEngine):
    """Every entry of A, (N, T), and of V, (N, N); of V its scalars alone if asked.

    Parameters as :class:`GaussianEngine`.

    Raises
    ------
    InputError
        If T is beyond the layout of the random stream (`docs/model.md`, section 7).
    MemoryNeeded
        If the state does not fit into memory.
    """

    name = "dense"

    def __init__(
        self,
        task: Task,
        noise: Noise,
        *,
        dtype: Any = np.float32,
        value: bool = True,
        **options: Any,
    ) -> None:
        from scbsim.util.memory import require

        require_length(task, dtype)
        needed = self.needs(task, dtype, value=value)
        require(needed, f"the dense engine at N = {task.N}, T = {task.T}")
        super().__init__(task, noise, dtype=dtype, bulk=True, value=value, **options)

    @staticmethod
    def needs(task: Task, dtype: Any, *, value: bool) -> int:
        """Return the bytes of its matrices: A, V, and the target of V."""
        return dense_bytes(task, np.dtype(dtype), value=value)

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how long one thread takes for a step."""
        return DENSE_ENTRY * plan.task.N * plan.task.T

    @classmethod
    def memory(cls, plan: RunPlan) -> int:
        """Return about how many bytes a replica takes."""
        entries = plan.task.N * plan.task.T * np.dtype(plan.spec.dynamics.precision).itemsize
        return entries + super().memory(plan)

    def state(self) -> State:
        """Return the arrays that, with ``step``, are the whole state; views, not copies."""
        return {"bulk": self.A.bulk, **super().state()}

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run on another task of the same N and T.

        The signals are those that the state has for this engine's task.

        Parameters
        ----------
        state : dict of arrays
            What an engine's :meth:`state` gave there.
        old : Task
            The task there.

        Raises
        ------
        InputError
            If the columns of its attention do not sum to 1.
        """
        if (state.get("column_sums", np.ones(1)) != 1.0).any():
            raise InputError(
                "init.from: under the rule vanilla that run's columns of A came to sums other than "
                '1, which only dynamics.engine = "batch" keeps; normalise them there '
                "(stage.N.normalize_level)"
            )
        self._adopt(state, old)

    def _adopt(self, state: State, old: Task) -> None:
        adopt_columns(self.A, in_entries(state, old), old, self.task)
        self._adopt_value(state, old)

    def s(self) -> NDArray[np.float64]:
        """Return ``s``, (N, T) float64: ``a_k = s_k + (1 - 1's_k)/T`` are the columns of A."""
        s: NDArray[np.float64] = self.A.bulk.astype(np.float64)
        np.put_along_axis(s, self.A.positions, self.A.support, axis=1)
        return s
