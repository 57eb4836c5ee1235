"""The dense engine: every entry of A and V, the reference for all other engines."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from scbsim.engines.alike import largest_shares_of_matrix, warn_of_noise, what_stands_out
from scbsim.engines.base import Block
from scbsim.engines.constants import LONGEST
from scbsim.engines.cost import DENSE_ENTRY, dense_bytes, sampled_seconds
from scbsim.engines.drawn_entries import with_entries
from scbsim.engines.drawn_samples import make_batch, make_drawn_samples
from scbsim.engines.gaussian import END, GaussianEngine
from scbsim.engines.noise import MatchedNoise, Noise, NoiseLevels, SampledNoise
from scbsim.engines.plan import RunPlan
from scbsim.engines.rule_memory import any_memory
from scbsim.engines.stages import Stage
from scbsim.engines.warm_start import entries_of, logits_to_entries, split
from scbsim.errors import InputError
from scbsim.kernels.gaussian.dense_attention import sum_bulk
from scbsim.kernels.gaussian.dense_matched import advance_matched
from scbsim.kernels.gaussian.state import Attention
from scbsim.kernels.sampled.dense import DrawnSamples, advance_dense_sampled
from scbsim.kernels.sampled.state import sums_bytes
from scbsim.observables import NAMES
from scbsim.state import State
from scbsim.task import Task
from scbsim.util.memory import require, smaller


def require_length(task: Task, dtype: DTypeLike) -> None:
    """Raise InputError if T is beyond the random stream's layout (`docs/model.md`, section 7)."""
    longest = LONGEST[np.dtype(dtype).name]
    if task.T > longest:
        raise InputError(
            f"task.T: {task.T} positions; the dense engine's random stream has numbers for up to "
            f"{longest} positions in {np.dtype(dtype).name}: take a smaller T, or "
            'dynamics.engine = "sparse"'
        )


def adopt_columns(A: Attention, state: State, old: Task, new: Task) -> None:
    """Set every entry of the columns in A from a state.

    Parameters
    ----------
    A : Attention
        All columns, or those from ``A.first`` on.
    state : dict of arrays
        If it has a ``bulk``, that has the same columns as A; all other arrays have all columns.
    old, new : Task
        The tasks of the state and of A.
    """
    here = slice(A.first, A.first + len(A.bulk))
    if "bulk" in state:
        # Put the old support back into the bulk, then take out the new one.
        positions, support = old.q_positions[here], state["support"][here]
        A.bulk[:] = state["bulk"]
        np.put_along_axis(A.bulk, positions, support.astype(A.bulk.dtype), axis=1)
        A.support[:] = np.take_along_axis(A.bulk, A.positions, axis=1)
        # Entries in both supports keep their float64 value.
        for k, row in enumerate(positions.tolist()):
            wide = dict(zip(row, support[k], strict=True))
            for j, t in enumerate(A.positions[k].tolist()):
                A.support[k, j] = wide.get(t, A.support[k, j])
    else:
        columns, others = split(entries_of(state, old), new)
        # The columns of softmax start with a uniform part in every entry.
        A.bulk[:] = 0.0
        mine = (others.column >= here.start) & (others.column < here.stop)
        A.bulk[others.column[mine] - here.start, others.position[mine]] = others.s[mine]
        A.support[:] = columns.support[here]
    np.put_along_axis(A.bulk, A.positions, 0.0, axis=1)
    for k, column in enumerate(A.bulk):
        A.off_sums[k] = column.sum(dtype=np.float64), np.square(column, dtype=np.float64).sum()


class DenseEngine(GaussianEngine):
    """Every entry of A, (N, T), and of V, (N, N), or only the scalars of V.

    Parameters as :class:`GaussianEngine`, and

    Parameters
    ----------
    noise : NoiseLevels, MatchedNoise or SampledNoise
    largest_batch : int, optional
        Under sampled noise the largest batch, if some stage has a size of its own.

    Raises
    ------
    InputError
        If T is beyond the layout of the random stream (`docs/model.md`, section 7), or the samples
        of sampled noise cannot be drawn.
    MemoryNeeded
        If the state does not fit into memory.
    """

    name = "dense"

    def __init__(
        self,
        task: Task,
        noise: Noise,
        *,
        dtype: DTypeLike = np.float32,
        value: bool = True,
        threads: int = 1,
        largest_batch: int | None = None,
        **options: Any,
    ) -> None:
        require_length(task, dtype)
        needed = self.needs(task, dtype, value=value)
        what = f"the dense engine at N = {task.N}, T = {task.T}"
        require(needed, what, smaller(np.dtype(dtype).itemsize))
        options |= {"dtype": dtype, "threads": threads, "bulk": True, "value": value}
        self._drawn: DrawnSamples | None = None
        if not isinstance(noise, SampledNoise):
            super().__init__(task, noise, **options)
            return
        batch = make_batch(task, noise, largest_batch, threads, self.name)
        super().__init__(task, NoiseLevels.none(task), **options)
        self._batch = noise.batch_size
        self._drawn = make_drawn_samples(task, self.A, self.V, self.mean, batch)
        self._constant = NoiseLevels(self._drawn.level, 0.0)

    def share(self, other: Self) -> None:
        """Use the constant arrays of another engine of the same kind and task."""
        super().share(other)
        if self._drawn is not None and other._drawn is not None:
            batch = self._drawn.batch._replace(alias=other._drawn.batch.alias)
            columns = self._drawn.columns._replace(root_mu=self.V.root_mu)
            self._drawn = self._drawn._replace(batch=batch, columns=columns)

    @staticmethod
    def needs(task: Task, dtype: DTypeLike, *, value: bool) -> int:
        """Return the bytes of its matrices: A, V, and the target of V."""
        return dense_bytes(task, np.dtype(dtype), value=value)

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how many seconds a step takes on one thread."""
        entries = DENSE_ENTRY * plan.task.N * plan.task.T
        if isinstance(plan.noise, SampledNoise):
            return entries + sampled_seconds(plan.task, plan.mean_batch)
        return entries

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        normalizes = any(stage.normalize_level is not None for stage in plan.stages)
        if isinstance(plan.noise, SampledNoise):
            tables = ("make_tables", "observe", "advance_dense_sampled", "normalize_columns")
            return (*tables, *(("sum_bulk",) if normalizes else ()))
        if not isinstance(plan.noise, MatchedNoise):
            return (*super().kernels(plan), *(("sum_bulk",) if normalizes else ()))
        first, levels = cls.level_kernels(plan)
        # Of updates only that after a normalisation is a call of its own.
        last = ("sum_bulk", *levels) if normalizes else ()
        return (*first, "observe", "advance_matched", "normalize_columns", *last)

    @classmethod
    def memory(cls, plan: RunPlan) -> int:
        """Return about how many bytes a replica needs, without the shared target of V."""
        entries = plan.task.N * plan.task.T * np.dtype(plan.spec.dynamics.precision).itemsize
        if any_memory(plan.stages):
            entries *= 2
        if isinstance(plan.noise, SampledNoise):
            entries += sums_bytes(plan.task.N, plan.largest_batch)
        return entries + super().memory(plan)

    @classmethod
    def require_room(cls, plan: RunPlan) -> None:
        """Refuse a run whose entries do not fit with the memory of a rule."""
        if any_memory(plan.stages):
            N, T, precision = plan.task.N, plan.task.T, np.dtype(plan.spec.dynamics.precision)
            what = f"the {cls.name} engine, with the memory of a rule, at N = {N}, T = {T}"
            needed = N * T * precision.itemsize
            needed += cls.needs(plan.task, precision, value=plan.choice.matrix_V)
            require(needed, what, smaller(precision.itemsize))

    def advance(self, stage: Stage, steps: int, before: int = 0) -> Block:
        """Take up to ``steps`` steps of a stage, of which it has taken ``before``."""
        matched, drawn = self._matched, self._drawn
        if matched is None and drawn is None:
            return super().advance(stage, steps, before)
        rows, params = np.empty((steps, len(NAMES))), self._step_params(stage, (before, steps))
        given = self._model, params, self._address, rows, self.scratch
        if drawn is not None:
            taken, reason = advance_dense_sampled(*given, drawn)
            self.step += taken
            return Block(rows[:taken], END[reason])
        assert matched is not None
        updates = matched.updates(self._model, self._first_step, self._powers_at)
        taken, reason = advance_matched(*given, (updates, self._joint))
        self.step += taken
        if taken > 0:
            self._powers_at = self._address if matched.due(self.step) else -1
        return Block(rows[:taken], END[reason])

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        return {"bulk": self.A.bulk, **super().state()}

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run, possibly on another task of the same N and T.

        Parameters
        ----------
        state : dict of arrays
            :meth:`state` of any engine.
        old : Task
            The task of that run.

        Raises
        ------
        InputError
            If the columns of its attention do not sum to 1.
        """
        state = with_entries(logits_to_entries(state, old), old)
        adopt_columns(self.A, state, old, self.task)
        if self._drawn is not None:
            why = what_stands_out(largest_shares_of_matrix(self.A), self.task)
            if why is not None:
                warn_of_noise(why, "batch")
        self._bulk_was_set()
        self._adopt_value(state, old)

    def _bulk_was_set(self) -> None:
        super()._bulk_was_set()
        # The sums of squares are those of other entries; infinity stands for unknown ones.
        self.A.block_sums[:, :, 1] = np.inf
        if self._drawn is not None or (self._matched is not None and self._joint is not None):
            sum_bulk(self.A, self.scratch)

    def s(self) -> NDArray[np.float64]:
        """Return ``s``, (N, T) float64: ``a_k = s_k + (1 - 1's_k)/T`` are the columns of A."""
        s: NDArray[np.float64] = self.A.bulk.astype(np.float64)
        np.put_along_axis(s, self.A.positions, self.A.support, axis=1)
        return s
