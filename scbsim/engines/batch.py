"""The engine on real batches: the learner of `docs/model.md`, section 2, on samples of the task."""

from __future__ import annotations

from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Block, Row
from scbsim.engines.cost import batch_seconds
from scbsim.engines.dense import DenseEngine
from scbsim.engines.gaussian import END
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.kernels.batch.advance import advance_batch, prepare
from scbsim.kernels.batch.observe import observe_unconstrained
from scbsim.kernels.batch.workspace import make_work, work_bytes
from scbsim.kernels.gaussian.normalize import normalize_columns
from scbsim.kernels.gaussian.rules import SGD
from scbsim.kernels.gaussian.state import StepParams, without_bulk
from scbsim.observables import NAMES
from scbsim.sampling.alias_tables import alias_tables_of
from scbsim.state import State
from scbsim.task import Task
from scbsim.util.memory import require


class BatchEngine(DenseEngine):
    """Every entry of A and of V, stepped by the gradients of real batches (`docs/model.md`, 8).

    Parameters as :class:`scbsim.engines.gaussian.GaussianEngine`, and

    Parameters
    ----------
    batch_size : int
        Samples of a step. Step ``i`` takes batch ``first_step + i`` of the seed: the same as
        :func:`scbsim.sample_batch` gives.

    Raises
    ------
    InputError
        If the task cannot be sampled.
    MemoryNeeded
        If the state does not fit into memory.
    """

    name = "batch"

    def __init__(
        self,
        task: Task,
        noise: NoiseLevels,
        *,
        batch_size: int,
        dtype: Any = np.float32,
        threads: int = 1,
        value: bool = True,
        **options: Any,
    ) -> None:
        self.alias = alias_tables_of(task)
        needed = self.needs_of_batches(task, dtype, batch_size)
        require(needed, f"the {self.name} engine at N = {task.N}, T = {task.T}")
        super().__init__(task, NoiseLevels.none(task), dtype=dtype, value=True, **options)
        self.batch_size = batch_size
        self.sums = np.ones(task.N)
        self.logits = np.zeros((0, 0), dtype)
        shares = max(1, threads)
        self.work = make_work(task.N, task.T, batch_size, dtype, shares)
        self._prepare()

    def share(self, other: Any) -> None:
        """Have what no step changes in common with another engine of this kind and task."""
        super().share(other)
        self.alias = other.alias

    @classmethod
    def needs_of_batches(cls, task: Task, dtype: Any, batch_size: int) -> int:
        """Return the bytes of its matrices, and of what a step works with."""
        itemsize = int(np.dtype(dtype).itemsize)
        of_work = work_bytes(task.N, task.T, batch_size, itemsize)
        return cls.needs(task, dtype, value=True) + of_work

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how long one thread takes for a step."""
        return batch_seconds(plan.task, plan.spec.dynamics.batch_size)

    @classmethod
    def memory(cls, plan: RunPlan) -> int:
        """Return about how many bytes a replica takes."""
        dynamics = plan.spec.dynamics
        return cls.needs_of_batches(plan.task, np.dtype(dynamics.precision), dynamics.batch_size)

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order in which it begins to."""
        return (
            "make_tables",
            "prepare",
            "observe_unconstrained",
            "advance_batch",
            "normalize_columns",
        )

    def observe(self) -> Row:
        """Return the observables of the state, (9,) float64."""
        row = np.empty(len(NAMES))
        observe_unconstrained(
            without_bulk(self.A), self.V, self.sums, self.mean, self.constants, row
        )
        return row

    def advance(self, stage: Stage, steps: int) -> Block:
        """Take up to ``steps`` steps under a stage."""
        rows = np.empty((steps, len(NAMES)))
        taken, reason = self._advance(self._step_params(stage), self._address, rows)
        self.step += taken
        return Block(rows[:taken], END[reason])

    def _advance(self, params: StepParams, step: int, rows: Row) -> tuple[int, int]:
        state = (self.A, self.V, self.sums, self.logits, self.mean, self.constants)
        taken, reason = advance_batch(
            *state, params, self.batch_size, step, rows, self.work, self.alias
        )
        return int(taken), int(reason)

    def gradients(self, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the gradients of the loss of a batch, neither preconditioned nor projected.

        Parameters
        ----------
        number : int
            The batch's.

        Returns
        -------
        of_A : (T, N) float64
        of_V : (N, N) float64
        """
        size, N = self.batch_size, self.task.N
        zeros = np.zeros(N)
        params = StepParams(SGD, 0.0, 0.0, zeros, zeros, 0.0, np.inf)
        self._advance(params, number, np.empty((0, len(NAMES))))
        of_A = self.work.gradient.T.astype(np.float64) / size
        return of_A, self.work.of_V[:, :N] / size

    def matrices(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return A, (T, N), and V, (N, N), in float64."""
        s = self.s()
        c = (self.sums - s.sum(axis=1)) / self.task.T
        return (s + c[:, None]).T, self.V.W / self.V.root_mu + self.mean[:, None]

    def normalize(self, threshold: float) -> tuple[Row, int]:
        """Normalise the state; return the same as :meth:`normalized`."""
        row, count, mass, support, off_sums, sums = self._normalized_any(threshold, in_place=True)
        self.A.support[:] = support
        self.A.off_sums[:] = off_sums
        self.sums[:] = sums
        self.V.W[:] *= mass
        self.V.scalars[:] *= (mass, mass * mass)
        self._take_columns()
        self._prepare()
        return row, count

    def normalized(self, threshold: float) -> tuple[Row, int]:
        """Return the observables that normalising would give, and change nothing."""
        row, count, *_ = self._normalized_any(threshold, in_place=False)
        return row, count

    def state(self) -> State:
        """Return the arrays that, with ``step``, are the whole state; views, not copies."""
        return {**super().state(), "column_sums": self.sums}

    def restore(self, step: int, state: State) -> None:
        """Go to a state that :meth:`state` gave, to the bit."""
        super().restore(step, state)
        self._prepare()

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run on another task of the same N and T."""
        self._adopt(state, old)
        self.sums[:] = state.get("column_sums", 1.0)
        self._prepare()

    def _prepare(self) -> None:
        """Write what a step needs of the state."""
        prepare(self.A, self.V, self.sums, self.logits, self.mean, self.work)

    def _take_columns(self) -> None:
        """Take over the columns that normalising left in ``A``."""

    def _normalized_any(
        self, threshold: float, *, in_place: bool
    ) -> tuple[Row, int, float, Any, Any, Any]:
        support, off_sums = np.empty_like(self.A.support), np.empty_like(self.A.off_sums)
        sums = self.sums.copy()
        masses = np.empty(len(support))
        count = normalize_columns(
            self.A, self.constants, float(threshold), in_place, support, off_sums, masses, sums
        )
        mass = fsum(self.constants.mu * masses)
        row = np.empty(len(NAMES))
        observe_unconstrained(
            without_bulk(self.A)._replace(support=support, off_sums=off_sums),
            self.V._replace(scalars=self.V.scalars * (mass, mass * mass)),
            sums,
            self.mean,
            self.constants,
            row,
        )
        return row, int(count), mass, support, off_sums, sums
