"""What a function of a user's sees of a run after a step."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.attention_columns import AttentionColumns, SparseColumn, columns_of
from scbsim.engines.base import Engine, Row
from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.matrices import value_of
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.staged import StagedEngine
from scbsim.errors import InputError
from scbsim.observables import names_of_row
from scbsim.task import Task
from scbsim.util.memory import require

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Array = NDArray[np.float64]


class StateView:
    """The state after a step, valid during the call that receives it.

    Nothing is computed before it is asked for, and arrays are computed anew: changing them does not
    change the run.

    Attributes
    ----------
    step : int
        Steps taken.
    stage : int
        The stage that took the last of them, from 0.
    replica : int
        Index of the noise stream, ``dynamics.replica`` of the same run alone.
    engine : str
        The engine that steps now.
    task : Task
    observables : mapping of str to float
        All observables that every run has: ``state.observables["alpha_A"]``, ``["loss"]``.
    """

    def __init__(self, engine: Engine, stage: int, row: Row) -> None:
        now: Any = engine.part if isinstance(engine, StagedEngine) else engine
        self._now: Any = now
        self._engine: Engine | None = engine
        self._name = engine.name  # of both parts of a staged run
        self.step, self.stage, self.engine = engine.step, stage, str(now.name)
        self.replica = int(getattr(getattr(now, "constants", None), "replica", 0))
        self.task: Task = now.task
        values = dict(zip(names_of_row(row), row.tolist(), strict=True))
        self.observables: Mapping[str, float] = MappingProxyType(values)

    @cached_property
    def V(self) -> Array:
        """The value matrix, (N, N): ``V[n, m]`` for output n and source token m.

        Raises
        ------
        InputError
            If the engine keeps it by its signal and the norm of the rest, and cannot draw it.
        """
        self._require_valid()
        if isinstance(self._now, CollapsedEngine) and self._draws_V:
            W = self._now.value()
            return np.asarray(value_of({**self._now.state(), "W": W}, self.task))
        # The rest of an unfinished run is 0 at its start, which must not hide what is missing.
        noise, state, found = getattr(self._now, "noise", None), self._now.state(), None
        silent = isinstance(noise, NoiseLevels) and noise.sigma_V == 0.0
        if state["W"].size or (silent and state["scalars"][1] == 0.0):
            found = value_of(state, self.task)
        if found is None:
            raise InputError(
                f"the {self._name} engine keeps V here as its signal and the norm of the rest, and "
                f"not as a matrix; take {_with_matrix_V(self._name, self.task)}"
            )
        return found

    @property
    def _draws_V(self) -> bool:
        """Whether the engine knows how V turns; in a staged run its l1 rules may not."""
        staged = getattr(self._engine, "draws_V", False)
        return (self._name == "collapsed" or staged) and self.task.P is not None

    @cached_property
    def A(self) -> Array | csc_array:
        """The attention matrix but for the intercept, (T, N) float64.

        An array if the engine has every entry, and else a `scipy.sparse.csc_array` of those that
        are not at zero. ``intercept`` is to be added to each row.

        Raises
        ------
        MemoryNeeded
            If it does not fit into memory.
        InputError
            If the engine cannot give entries.
        """
        return self._whole[0]

    @cached_property
    def intercept(self) -> Array:
        """What is added to each row of A, (N,) float64; 0 if A has every entry."""
        return self._whole[1]

    def column(self, k: int) -> Array:
        """Return column k of A in full, (T,) float64: the attention of a query of token k."""
        return self._columns.dense(self._index(k))

    def entries(self, k: int) -> SparseColumn:
        """Return column k of A as entries that are not at zero, and the intercept."""
        return self._columns.sparse(self._index(k))

    def dense(self) -> Array:
        """Return A in full, (T, N) float64; raise MemoryNeeded if it does not fit into memory."""
        A, intercept = self._whole
        if not isinstance(A, np.ndarray):
            T, N = A.shape
            require(16 * T * N, f"A in full, {T} x {N}", "take single columns, by column(k)")
            A = A.toarray()
        return np.asarray(A + intercept)

    def close(self) -> None:
        """End the validity of the view: its run steps on."""
        self._engine = None

    @cached_property
    def _columns(self) -> AttentionColumns:
        self._require_valid()
        assert self._engine is not None
        return columns_of(self._engine)

    @cached_property
    def _whole(self) -> tuple[Array | csc_array, Array]:
        return self._columns.whole()

    def _index(self, k: int) -> int:
        self._require_valid()
        if not 0 <= k < self.task.N:
            raise IndexError(f"there is no column {k} of A: there are {self.task.N}, from 0")
        return int(k)

    def _require_valid(self) -> None:
        if self._engine is None:
            raise InputError(
                f"the view of step {self.step} is valid only during the call that received it; "
                "copy what is wanted later"
            )


def _with_matrix_V(engine: str, task: Task) -> str:
    """Return what to set so that V is a matrix."""
    if task.P is None:
        return "task.P_concentration in place of task.K_P, which draws no matrix P"
    if engine == "approximate":
        return 'dynamics.engine = "dense"'
    return 'dynamics.value = "matrix"'
