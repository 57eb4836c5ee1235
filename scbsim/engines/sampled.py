"""The sampled engine: SGD on the noise of real batches, at a cost that does not grow with T."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from scbsim.engines.base import Row
from scbsim.engines.cost import sampled_seconds
from scbsim.engines.directions import Array
from scbsim.engines.drawn_samples import make_batch, seen_state
from scbsim.engines.entries import Entries
from scbsim.engines.noise import NoiseLevels, SampledNoise
from scbsim.engines.off_support import OffSupportEngine
from scbsim.engines.plan import RunPlan
from scbsim.kernels.gaussian.state import StepParams, without_bulk
from scbsim.kernels.sampled.advance import advance_sampled
from scbsim.kernels.sampled.state import sums_bytes
from scbsim.state import State
from scbsim.task import Task


class SampledEngine(OffSupportEngine):
    """SGD on sampled gradients (`docs/model.md`, section 8).

    Parameters as :class:`OffSupportEngine`, and

    Parameters
    ----------
    noise : SampledNoise
    largest_batch : int, optional
        The largest batch, if some stage has a size of its own.

    Raises
    ------
    InputError
        If the task cannot be sampled, or a batch has too many samples.
    MemoryNeeded
        If the state does not fit into memory.
    """

    name = "sampled"
    _with_entries = "batch"

    def __init__(
        self,
        task: Task,
        noise: SampledNoise,
        *,
        largest_batch: int | None = None,
        dtype: DTypeLike = np.float64,
        threads: int = 1,
        value: bool = True,
        **options: Any,
    ) -> None:
        batch = make_batch(task, noise, largest_batch, threads, self.name)
        super().__init__(task, NoiseLevels.none(task), **options)
        # Real batches move s by a centred gradient, which leaves the sum of a column as it is.
        self.totals = self.A.support.sum(axis=1)
        self.columns = seen_state(task, self.A, self.V, self.mean, self.off)
        self._batch, self.batch = noise.batch_size, batch

    def share(self, other: Self) -> None:
        """Use the constant arrays of another engine of the same kind and task."""
        super().share(other)
        self.batch = self.batch._replace(alias=other.batch.alias)
        self.columns = self.columns._replace(root_mu=self.V.root_mu)

    def _entries(self) -> Entries:
        entries = super()._entries()
        return entries.shifted((self.totals - entries.totals()) / self.task.T)

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        return {**super().state(), "totals": self.totals}

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run; parameters as :meth:`DenseEngine.adopt`."""
        super().adopt(state, old)
        there = "off_along" in state and "totals" in state
        here = self.A.support.sum(axis=1) + self.A.off_sums[:, 0]
        self.totals[:] = state["totals"] if there else here

    def _set_since(self, since: Array) -> None:
        super()._set_since(since)
        self.columns = self.columns._replace(since=since)

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how many seconds a step takes on one thread."""
        return sampled_seconds(plan.task, plan.mean_batch)

    @classmethod
    def memory(cls, plan: RunPlan) -> int:
        """Return about how many bytes a replica needs, without the shared target of V."""
        return super().memory(plan) + sums_bytes(plan.task.N, plan.largest_batch)

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        return ("make_tables", "observe", "advance_sampled", *cls.entry_kernels(plan))

    def _take_steps(self, params: StepParams, rows: Row) -> tuple[int, int]:
        taken, reason = advance_sampled(
            self._model._replace(A=without_bulk(self.A)),
            self.columns,
            params,
            self._address,
            rows,
            self.scratch,
            self.batch,
        )
        return int(taken), int(reason)
