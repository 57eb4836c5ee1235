"""The engine on real batches: the learner of `docs/model.md`, section 2, on samples of the task."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from scbsim.engines.base import Block, Row
from scbsim.engines.cost import batch_seconds
from scbsim.engines.dense import DenseEngine
from scbsim.engines.gaussian import END
from scbsim.engines.handed import KERNELS, Handed
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.errors import RunFailed
from scbsim.kernels.batch.advance import advance_batch, prepare
from scbsim.kernels.batch.handed import no_tables, step_on_sums
from scbsim.kernels.batch.observe import observe_unconstrained
from scbsim.kernels.batch.workspace import Learner, make_work, work_bytes
from scbsim.kernels.gaussian.rules import SGD
from scbsim.kernels.gaussian.schedule import BATCH
from scbsim.kernels.gaussian.state import Attention, StepParams, Value
from scbsim.observables import NAMES
from scbsim.sampling.alias_tables import alias_tables_of
from scbsim.sampling.batches import Source
from scbsim.state import State
from scbsim.task import Task
from scbsim.util.memory import require, smaller


class BatchEngine(DenseEngine):
    """Every entry of A and of V, stepped by the gradients of real batches (`docs/model.md`, 8).

    Parameters as :class:`scbsim.engines.gaussian.GaussianEngine`, and

    Parameters
    ----------
    batch_size : int
        Samples of a step. Step ``i`` uses batch ``first_step + i`` of the seed, the same as
        :func:`scbsim.sample_batch` returns.
    largest_batch : int, optional
        The largest batch, if some stage has a size of its own. Batches then follow one another in
        the samples of the seed: a step uses those after the last step's.
    handed : bool
        Whether samples come from elsewhere; :meth:`learn_from` says from where.

    Raises
    ------
    InputError
        If the task cannot be sampled, and the samples do not come from elsewhere.
    MemoryNeeded
        If the state does not fit into memory.
    """

    name = "batch"
    keeps_column_sums = True

    def __init__(
        self,
        task: Task,
        noise: NoiseLevels,
        *,
        batch_size: int,
        largest_batch: int | None = None,
        dtype: DTypeLike = np.float32,
        threads: int = 1,
        value: bool = True,
        handed: bool = False,
        **options: Any,
    ) -> None:
        self.alias = no_tables(task.T) if handed else alias_tables_of(task)
        self._handed: Handed | None = None
        self._width = len(NAMES) + handed
        most = batch_size if largest_batch is None else largest_batch
        needed = self.bytes_needed(task, dtype, most)
        what = f"the {self.name} engine at N = {task.N}, T = {task.T}"
        require(needed, what, smaller(np.dtype(dtype).itemsize))
        super().__init__(task, NoiseLevels.none(task), dtype=dtype, value=True, **options)
        self.logits = np.zeros((0, 0), dtype)
        self.work = make_work(task.N, task.T, most, dtype, max(1, threads))
        self._batch, self._counts = batch_size, largest_batch is not None
        self._sample = np.array([self._first_step * batch_size], np.uint64)
        self._prepare()

    def share(self, other: Self) -> None:
        """Use the constant arrays of another engine of the same kind and task."""
        super().share(other)
        self.alias = other.alias

    @classmethod
    def bytes_needed(cls, task: Task, dtype: DTypeLike, batch_size: int) -> int:
        """Return the bytes of its matrices, and of the arrays of a step."""
        itemsize = int(np.dtype(dtype).itemsize)
        of_work = work_bytes(task.N, task.T, batch_size, itemsize)
        return cls.needs(task, dtype, value=True) + of_work

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how many seconds a step takes on one thread."""
        return batch_seconds(plan.task, plan.mean_batch)

    @classmethod
    def memory(cls, plan: RunPlan) -> int:
        """Return about how many bytes a replica needs, without the shared target of V."""
        precision = np.dtype(plan.spec.dynamics.precision)
        return cls.bytes_needed(plan.task, precision, plan.largest_batch) - plan.shared_memory

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        own = ("prepare", "observe_unconstrained")
        if plan.handed:
            return (*own, *KERNELS, "normalize_columns")
        return ("make_tables", *own, "advance_batch", "normalize_columns")

    def learn_from(self, source: Source) -> None:
        """Learn from the batches of a source; step ``i`` from its batch ``i``."""
        self._handed = Handed(source, self.task)

    def _observables(self, A: Attention, V: Value, sums: Row) -> Row:
        row = np.full(self._width, np.nan)
        if self.task.truth_known:
            here = row[: len(NAMES)]
            observe_unconstrained(A, V, sums, self.mean, self.constants, here)
        return row

    def advance(self, stage: Stage, steps: int, before: int = 0) -> Block:
        """Take up to ``steps`` steps of a stage, of which it has taken ``before``."""
        rows = np.empty((steps, self._width))
        params = self._step_params(stage, (before, steps))
        if self._handed is not None:
            return self._learn(self._handed, params, rows)
        if steps:
            self._require_sizes(stage, params)
        taken, reason = self._advance(params, self.next_sample, rows)
        self.step += taken
        if self._counts:
            sizes = params.schedule[:taken, BATCH]
            drawn = int(sizes.sum()) if len(params.schedule) else taken * int(params.batch)
            self._sample[0] = np.uint64(int(self._sample[0]) + drawn)
        return Block(rows[:taken], END[reason])

    def _require_sizes(self, stage: Stage, params: StepParams) -> None:
        """Raise RunFailed if a batch is larger than the spec's checks found."""
        sizes = params.schedule[:, BATCH] if len(params.schedule) else np.array([params.batch])
        if sizes.max() > self.work.batch_size:
            raise RunFailed(
                f"stage.{stage.index}.batch_size: {sizes.max():.0f} samples in a step, more than "
                f"the {self.work.batch_size} that were found in its schedule"
            )

    @property
    def next_sample(self) -> int:
        """The number of the first sample of the next batch."""
        return int(self._sample[0]) if self._counts else self._address * self._batch

    def _learn(self, handed: Handed, params: StepParams, rows: Row) -> Block:
        """Take a step for each row, (n, 10), on samples from elsewhere."""
        for i in range(len(rows)):
            loss = handed.sum_gradients(self.step, self.work, keep_error=i > 0)
            if handed.failed:
                # The steps before it are recorded first; the next call raises the error.
                return Block(rows[:i], "steps")
            if loss is None:
                return Block(rows[:i], "data")
            row, rows[i, -1] = rows[i, :-1], loss
            now = params._replace(schedule=params.schedule[i : i + 1])
            reason = END[step_on_sums(self._learner, self.constants, now, row, self.work)]
            if reason == "diverged":
                return Block(rows[:i], reason)
            self.step += 1
            if not self.task.truth_known:
                row[:] = np.nan
            if reason == "signal":
                return Block(rows[: i + 1], reason)
        return Block(rows, "steps")

    @property
    def _learner(self) -> Learner:
        return Learner(self.A, self.V, self.sums, self.logits, self.mean)

    def _advance(self, params: StepParams, sample: int, rows: Row) -> tuple[int, int]:
        first = np.uint64(sample)
        taken, reason = advance_batch(
            self._learner, self.constants, params, first, rows, self.work, self.alias
        )
        return int(taken), int(reason)

    def gradients(
        self, number: int, size: int | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the gradients of the loss on one batch, neither preconditioned nor projected.

        Parameters
        ----------
        number : int
            The batch's number, or with a size that of its first sample.
        size : int, optional
            Samples of the batch; by default ``batch_size``.

        Returns
        -------
        of_A : (T, N) float64
        of_V : (N, N) float64
        """
        first, N = number if size is not None else number * self._batch, self.task.N
        size = self._batch if size is None else size
        zeros = np.zeros(N)
        params = StepParams(SGD, 0.0, 0.0, zeros, zeros, 0.0, np.inf, batch=float(size))
        if self._handed is not None:
            self._handed.sum_gradients(number, self.work)
        else:
            self._advance(params, first, np.empty((0, len(NAMES))))
        of_A = self.work.gradient.T.astype(np.float64) / size
        return of_A, self.work.of_V[:, :N] / size

    def matrices(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return A, (T, N), and V, (N, N), in float64."""
        s = self.s()
        c = (self.sums - s.sum(axis=1)) / self.task.T
        return (s + c[:, None]).T, self.V.W / self.V.root_mu + self.mean[:, None]

    def normalize(self, threshold: float) -> tuple[Row, int]:
        """Normalise the state; return the same as :meth:`normalized`."""
        found = super().normalize(threshold)
        self._columns_changed()
        self._prepare()
        return found

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        return {**super().state(), "column_sums": self.sums, **self._state_of_samples()}

    def _state_of_samples(self) -> State:
        """Return how many samples of the seed are drawn, if steps do not tell."""
        return {"samples": self._sample} if self._counts else {}

    def restore(self, step: int, state: State) -> None:
        """Continue from a state returned by :meth:`state`, to the same bits."""
        super().restore(step, state)
        self._prepare()

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run on another task of the same N and T."""
        super().adopt(state, old)
        self.sums[:] = state.get("column_sums", 1.0)
        self._prepare()

    def _prepare(self) -> None:
        """Write the parts of ``work`` that follow from the state."""
        prepare(self._learner, self.work)

    def _columns_changed(self) -> None:
        """Update whatever a subclass stores in place of the columns in ``A``."""
