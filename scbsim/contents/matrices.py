"""The matrices of a run, from the states in its file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.engines.few_numbers import is_drawn
from scbsim.engines.matrices import attention_of, value_of
from scbsim.errors import InputError
from scbsim.state import State
from scbsim.storage.runfile.layout import require_drawn
from scbsim.storage.runfile.reader import opened
from scbsim.storage.runfile.states import (
    arrays_of,
    has_entries,
    places_of_matrices,
    read_state,
)
from scbsim.task import Task
from scbsim.task.file import read_arrays
from scbsim.trajectory.dataset import LAST_STATE, LastState
from scbsim.util.memory import require
from scbsim.util.text import counted, in_short

if TYPE_CHECKING:
    import xarray as xr
    from scipy.sparse import csc_array

Array = NDArray[np.float64]

_KEPT = (
    "{} has no matrices: output.snapshot_every keeps them along a run that has an output, and "
    'output.final_state = true at its end; dynamics.engine = "dense" has all entries'
)


@dataclass(frozen=True)
class Matrices:
    """The matrices A and V after a step of a run (docs/model.md, section 2).

    Attributes
    ----------
    step : int
    A : numpy.ndarray or scipy.sparse.csc_array
        (T, N) float64, plus ``intercept`` in each row. An array if the run kept every entry; a
        sparse one if it kept the entries that are not at zero.
    intercept : numpy.ndarray
        (N,) float64; 0 if ``A`` has every entry.
    V : numpy.ndarray or None
        (N, N) float64, ``V[n, m]`` for output n and source token m. None if the run kept V as its
        signal and the norm of the rest.
    task : Task
    """

    step: int
    A: Array | csc_array
    intercept: Array
    V: Array | None
    task: Task

    def __repr__(self) -> str:
        """Return the step and the shapes in a line."""
        T, N = self.A.shape
        kept = "every entry"
        if not isinstance(self.A, np.ndarray):
            kept = f"{counted(self.A.nnz, 'entry')} stored"
        V = "not kept" if self.V is None else f"({N}, {N})"
        return f"{type(self).__name__}(step={self.step}: A ({T}, {N}), {kept}; V {V})"

    def column(self, k: int) -> Array:
        """Return column k of A in full, (T,): the attention of a query of token k."""
        column = self.A[:, k] if isinstance(self.A, np.ndarray) else self.A[:, [k]].toarray()
        return np.asarray(column.ravel() + self.intercept[k])

    def dense(self) -> Array:
        """Return A in full, (T, N).

        Raises
        ------
        MemoryNeeded
            If it does not fit into memory.
        """
        T, N = self.A.shape
        if isinstance(self.A, np.ndarray):
            return self.A.copy()
        require(16 * T * N, f"A in full, {T} x {N}", "take single columns, by column(k)")
        return np.asarray(self.A.toarray() + self.intercept)


def matrices(source: str | os.PathLike[str] | xr.Dataset, step: int | None = None) -> Matrices:
    """Return the matrices of a run, at a snapshot or at its end.

    Parameters
    ----------
    source : path or xarray.Dataset
        A run's file, finished or still being written, or a trajectory.
        ``output.snapshot_every`` and ``output.final_state`` say which states a run keeps. One in
        memory has no snapshots, and its last state only with ``final_state = true``.
    step : int, optional
        The step of a snapshot; by default the last state that there is.

    Returns
    -------
    Matrices

    Raises
    ------
    InputError
        If there is no state of that step; the message lists those that there are.
    OutputError
        If there is no such file, or it cannot be read.
    MemoryNeeded
        If a matrix does not fit into memory.
    """
    if not isinstance(source, str | os.PathLike):
        kept = source.encoding.get(LAST_STATE)
        if kept is not None:
            return _of_memory(kept, step)
        if "source" not in source.encoding:
            raise InputError(_KEPT.format("this trajectory"))
        source = str(source.encoding["source"])
    with opened(source):
        pass  # Says what another file is, which has no task to read.
    task = Task.from_known(read_arrays(source))
    with opened(source) as file:
        places = places_of_matrices(file)
        at = max(places, default=-1) if step is None else step
        if at not in places:
            raise InputError(_missing(source, step, sorted(places)))
        group, i = places[at]
        state = _read(file[group], i, task)
    return Matrices(at, *attention_of(state, task), value_of(state, task), task)


def _of_memory(kept: LastState, step: int | None) -> Matrices:
    if not (has_entries(kept.state) or is_drawn(kept.state)):
        raise InputError(_KEPT.format("this trajectory"))
    if step not in (None, kept.step):
        raise InputError(_missing("this trajectory", step, [kept.step]))
    state, task = kept.state, kept.task
    return Matrices(kept.step, *attention_of(state, task), value_of(state, task), task)


def _missing(source: Any, step: int | None, there: list[int]) -> str:
    if not there:
        return _KEPT.format(source)
    return f"{source} has no matrices of step {step}; it has those of step {in_short(there)}"


def _read(group: h5py.Group, i: int, task: Task) -> State:
    """Return a state; what it needs is checked before."""
    large = [group[name] for name in arrays_of(group, i) & {"bulk", "logits"}]
    entries = sum(data.shape[1] * data.shape[2] for data in large)
    require(3 * 8 * entries, f"A, {task.T} x {task.N}", "read the file with h5py, by columns")
    state = read_state(group, i)[1]
    require_drawn(group.file, state)
    return state
