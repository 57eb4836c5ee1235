"""The sparse engine: the entries of A that are not at zero, at a cost that does not know T."""

from __future__ import annotations

from typing import Any

import numpy as np

from scbsim.engines.activation_groups import activation_rates
from scbsim.engines.base import Block, Row
from scbsim.engines.cost import (
    expected_activations,
    require_room,
    sparse_bytes,
    sparse_room,
    sparse_seconds,
)
from scbsim.engines.gaussian import END, GaussianEngine
from scbsim.engines.noise import Noise, NoiseLevels
from scbsim.engines.plan import RunPlan
from scbsim.engines.stages import Stage
from scbsim.engines.warm_start import entries_of, split
from scbsim.errors import InputError
from scbsim.kernels.gaussian.activations import make_newly_active
from scbsim.kernels.gaussian.active_set import make_active_set
from scbsim.kernels.gaussian.sparse import NO_ROOM, advance_sparse
from scbsim.kernels.matched.power_sums import powers_of_active_set
from scbsim.spec.engines import ENGINES
from scbsim.state import State
from scbsim.task import Task

MOST_ENTRIES = 2**62
"""N times T, so that every entry has a number."""

_OF_V = ("W", "scalars", "mean")
_LEAST_ROOM = 1024


class SparseEngine(GaussianEngine):
    """Entries of A off the support that are not at zero; l1 rules only.

    The law of all observables over all steps is that of the dense engine (`docs/model.md`,
    section 6). Active entries are in float64 always. Parameters as :class:`GaussianEngine`.

    Raises
    ------
    InputError
        If N times T is beyond what can be numbered.
    MemoryNeeded
        If so many entries are active that they do not fit into memory; the step is not taken.
    """

    name = "sparse"
    powers_kernel, advance_kernel = "powers_of_active_set", "advance_sparse"
    keeps_lists = True

    def __init__(
        self,
        task: Task,
        noise: Noise,
        *,
        dtype: Any = np.float64,
        value: bool = False,
        **options: Any,
    ) -> None:
        if task.N * task.T > MOST_ENTRIES:
            raise InputError(
                f"task.T: {task.N} columns of {task.T} entries; the sparse engine numbers up to "
                "2**62"
            )
        options["threads"] = 1
        super().__init__(task, noise, dtype=np.float64, bulk=False, value=value, **options)
        self._now = 0
        self._active = make_active_set(task.N, 0)
        self._newly_active = make_newly_active(task.N, 0)
        self._room(0, 0)
        self._stage: Stage | None = None

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how long one thread takes for a step, on average over the stages."""
        value = plan.choice.matrix_V
        return sparse_seconds(plan.stages, plan.levels, plan.task, value=value)

    @classmethod
    def memory(cls, plan: RunPlan) -> int:
        """Return about how many bytes a replica comes to take."""
        return int(sparse_bytes(plan.stages, plan.levels, plan.task)) + super().memory(plan)

    @classmethod
    def require_room(cls, plan: RunPlan) -> None:
        """Refuse a run whose entries off zero will not fit, where their number is known."""
        if isinstance(plan.noise, NoiseLevels):
            require_room(*sparse_room(plan.stages, plan.levels, plan.task))

    def advance(self, stage: Stage, steps: int) -> Block:
        """Take up to ``steps`` steps under a stage."""
        if stage.rule not in ENGINES[self.name].rules:
            raise InputError(f"the {self.name} engine has no {stage.rule}: no entry stays at zero")
        return super().advance(stage, steps)

    def _take(self, stage: Stage, rows: Any) -> tuple[int, str]:
        """Take steps under the levels in force, a row each; return how many, and what ended it."""
        if stage is not self._stage:
            self._stage = stage
            T = int(self.constants.T)
            self._rates = activation_rates(stage.threshold, self.noise.sigma_A, stage.rate_A, T)
            self._newly_active.order[:] = np.arange(len(self._newly_active.order))
            expected = expected_activations(stage, self.noise, T)
            activations = int(expected + 8.0 * expected**0.5)
            self._room(self._count() + activations, activations)
        done = 0
        while True:
            taken, reason, self._now = advance_sparse(
                self.A,
                self.V,
                self.constants,
                self._step_params(stage),
                self._rates,
                self._active,
                self._now,
                self._newly_active,
                self._address,
                rows[done:],
                self.scratch,
            )
            self.step += taken
            done += taken
            if reason != NO_ROOM:
                return done, END[reason]
            self._room(2 * self._active.s.shape[1], 2 * self._newly_active.value.size)

    def _renew_levels(self) -> None:
        """Have the levels of matched noise be those of the state, and activations by them."""
        assert self._matched is not None
        powers_of_active_set(
            self._active.first[self._now], self._active.s[self._now], self._matched.powers
        )
        self._matched.renew(self.A, self.V, self.constants)
        self._stage = None

    def _count(self) -> int:
        return int(self._active.first[self._now, -1])

    def _room(self, active: int, activations: int) -> None:
        """Make room for some active entries, and for so many activations among them in a step."""
        activations = max(activations, _LEAST_ROOM)
        active = max(active, activations + _LEAST_ROOM)
        if activations <= self._newly_active.value.size and active <= self._active.s.shape[1]:
            return
        require_room(active, activations)
        if activations > self._newly_active.value.size:
            self._newly_active = make_newly_active(self.constants.mu.size, activations)
        if active > self._active.s.shape[1]:
            before, count = self._active, self._count()
            self._active = make_active_set(self.constants.mu.size, active)
            self._active.first[self._now] = before.first[self._now]
            self._active.position[self._now, :count] = before.position[self._now, :count]
            self._active.s[self._now, :count] = before.s[self._now, :count]

    def put(self, first: Any, position: Any, s: Any) -> None:
        """Set the active entries.

        Parameters
        ----------
        first : (N + 1,) int64
            Where each column begins.
        position : (active,) int64
            Ascending in each column, none on the support.
        s : (active,) float64
        """
        count = len(s)
        self._room(2 * count, 0)
        self._active.first[self._now] = first
        self._active.position[self._now, :count] = position
        self._active.s[self._now, :count] = s

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run; parameters as :meth:`DenseEngine.adopt`."""
        columns, others = split(entries_of(state, old), self.task)
        self.A.support[:] = columns.support
        self.A.off_sums[:] = columns.off_sums
        first = np.searchsorted(others.column, np.arange(self.task.N + 1))
        self.put(first, others.position, others.s)
        self._adopt_value(state, old)

    def state(self) -> State:
        """Return the arrays that, with ``step``, are the whole state; views, not copies."""
        count = self._count()
        return {
            "indptr": self._active.first[self._now],
            "indices": self._active.position[self._now, :count],
            "data": self._active.s[self._now, :count],
            **super().state(),
        }

    def snapshot(self) -> State:
        """Return ``s`` as a sparse matrix by columns, with its support, and the intercepts."""
        entries = entries_of(self.state(), self.task)
        first = np.searchsorted(entries.column, np.arange(self.task.N + 1))
        sums = np.bincount(entries.column, entries.s, self.task.N)
        return {
            "indptr": first,
            "indices": entries.position,
            "data": entries.s,
            "intercept": (1.0 - sums) / self.task.T,
            **{name: array for name, array in super().state().items() if name in _OF_V},
        }

    def restore(self, step: int, state: State) -> None:
        """Go to a state that :meth:`state` gave, to the bit."""
        self.put(state["indptr"], state["indices"], state["data"])
        super().restore(step, state)
        if self._matched is not None:
            # Activations go by the levels, which are those of that state now.
            self._stage = None

    def _normalized(self, threshold: float, *, in_place: bool) -> tuple[Row, int, float, Any, Any]:
        first, count = self._active.first[self._now], self._count()
        lengths = np.diff(first)
        # As a matrix whose rows are the active entries of columns: zeros are below any threshold.
        there = np.arange(lengths.max(initial=0)) < lengths[:, None]
        bulk = np.zeros(there.shape)
        bulk[there] = self._active.s[self._now, :count]
        positions = self._active.position[self._now, :count].copy()
        bare = self.A
        self.A = bare._replace(bulk=bulk)
        try:
            result = super()._normalized(threshold, in_place=in_place)
        finally:
            self.A = bare
        if in_place:
            s = bulk[there]
            keep = s != 0.0
            columns = np.repeat(np.arange(len(lengths)), lengths)[keep]
            lengths = np.bincount(columns, minlength=len(lengths))
            self.put(np.concatenate([[0], np.cumsum(lengths)]), positions[keep], s[keep])
        return result
