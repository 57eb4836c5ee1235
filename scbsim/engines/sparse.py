"""The sparse engine: the entries of A that are not at zero, at a cost independent of T."""

from __future__ import annotations

from math import fsum
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scbsim.engines.activation_groups import activation_rates, ascend, calls_of, law_of, mean_of
from scbsim.engines.base import Block, Row
from scbsim.engines.cost import require_room, sparse_bytes, sparse_room, sparse_seconds
from scbsim.engines.drawn_entries import with_entries
from scbsim.engines.gaussian import END, GaussianEngine
from scbsim.engines.noise import Noise, NoiseLevels
from scbsim.engines.plan import RunPlan
from scbsim.engines.sparse_shares import Shares
from scbsim.engines.stages import Stage
from scbsim.engines.step_params import of_step
from scbsim.engines.warm_start import entries_of, split
from scbsim.errors import InputError
from scbsim.kernels.gaussian.activations import make_newly_active
from scbsim.kernels.gaussian.active_set import Entries, make_active_set
from scbsim.kernels.gaussian.dense import STEPS_DONE
from scbsim.kernels.gaussian.normalize import NormalizedColumns
from scbsim.kernels.gaussian.sparse import NO_ROOM, advance_sparse
from scbsim.kernels.gaussian.state import Model, StepParams
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.power_sums import powers_of_active_set
from scbsim.kernels.types import F64, I64
from scbsim.spec.engines import ENGINES
from scbsim.spec.rules import rule_record
from scbsim.state import State
from scbsim.task import Task

MOST_ENTRIES = 2**62
"""The largest N T for which every entry has a number."""

_LEAST_ROOM = 1024  # entries


class SparseEngine(GaussianEngine):
    """The entries of A off the support that are not at zero; l1 rules only.

    It is exact in law (`docs/model.md`, section 6). Active entries are always in float64.
    Parameters as :class:`GaussianEngine`.

    Raises
    ------
    InputError
        If N T is larger than 2**62.
    MemoryNeeded
        By :meth:`advance`, if the active entries outgrow memory; that step is not taken.
    """

    name = "sparse"
    powers_kernel, advance_kernel = "powers_of_active_set", "advance_sparse"
    keeps_lists = True

    def __init__(
        self,
        task: Task,
        noise: Noise,
        *,
        dtype: DTypeLike = np.float64,
        value: bool = False,
        **options: Any,
    ) -> None:
        if task.N * task.T > MOST_ENTRIES:
            raise InputError(
                f"task.T: {task.N} columns of {task.T} entries; the sparse engine has numbers for "
                "2**62 entries: take a smaller N or T"
            )
        options["threads"] = 1
        super().__init__(task, noise, dtype=np.float64, bulk=False, value=value, **options)
        self._active = make_active_set(task.N, 0)
        self._newly_active = make_newly_active(task.N, 0)
        self._room(0, 0)
        self._rates_of: tuple[Stage, float] | None = None
        self._permuted = False  # whether kernels may have written to `order`
        self._shares: Shares | None = None

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how many seconds a step takes, on average over the stages."""
        value = plan.choice.matrix_V
        return sparse_seconds(plan.stages, plan.levels, plan.task, value=value)

    @classmethod
    def memory(cls, plan: RunPlan) -> int:
        """Return about how many bytes a replica needs at most, without the target of V."""
        return int(sparse_bytes(plan.stages, plan.levels, plan.task)) + super().memory(plan)

    @classmethod
    def require_room(cls, plan: RunPlan) -> None:
        """Refuse a run whose active entries will not fit; matched noise gives no estimate."""
        if isinstance(plan.noise, NoiseLevels):
            require_room(*sparse_room(plan.stages, plan.levels, plan.task))

    def advance(self, stage: Stage, steps: int, before: int = 0) -> Block:
        """Take up to ``steps`` steps of a stage, of which it has taken ``before``."""
        if not ENGINES[self.name].takes(rule_record(stage.rule)):
            raise InputError(f"the {self.name} engine has no {stage.rule}: no entry stays at zero")
        return super().advance(stage, steps, before)

    def _take(self, stage: Stage, rows: Row, before: int) -> tuple[int, str]:
        """Take a step for each row, in calls of one ratio of thresholds to noise levels."""
        done, params = 0, self._step_params(stage, (before, len(rows)))
        for count, ratio in calls_of(params, len(rows)):
            upto = done + count
            self._set_rates(stage, params, ratio)
            while done < upto:
                rest = params.schedule[done:upto] if len(params.schedule) else params.schedule
                taken, reason = self._advance(params._replace(schedule=rest), rows[done:upto])
                self.step += taken
                done += taken
                if reason == NO_ROOM:
                    self._room(2 * self._active.s.shape[1], 2 * self._newly_active.value.size)
                elif reason != STEPS_DONE:
                    return done, END[reason]
        return done, END[STEPS_DONE]

    def _advance(self, params: StepParams, rows: Row) -> tuple[int, int]:
        """Take a step for each row, on several threads where there is work for them."""
        shares = self._shares
        if shares is not None and shares.are_worth_it(self):
            return shares.advance(self, params, rows)
        given = self._model, params, self.entries, self._address
        return advance_sparse(*given, rows, self.scratch, self._joint)

    def use_threads(self, count: int) -> None:
        """Take large steps on so many threads; the bits do not depend on it."""
        if self._shares is not None:
            self._rates_of, self._permuted = None, True
        self._shares = Shares(count, self.task.N) if count > 1 else None

    @property
    def entries(self) -> Entries:
        """The entries off the support, for kernels."""
        return Entries(self._rates, self._active, self._newly_active)

    def _set_rates(self, stage: Stage, params: StepParams, ratio: float) -> None:
        """Compute the law of activations, unless it is that of the last call."""
        before = self._rates_of
        if before is not None and before[0] is stage and before[1] == ratio:
            return
        self._rates_of = stage, ratio
        T, levels = int(self.constants.T), self.noise
        threshold, sigma, rate = params.threshold, levels.sigma_A, params.rate_A
        if len(params.schedule):
            threshold, rate = ratio * threshold, 1.0
        else:
            threshold, sigma = params.threshold_scale * threshold, params.noise_scale * sigma
        law = law_of(threshold, sigma)
        self._rates = activation_rates(stage.rule, threshold, sigma, rate, T, law)
        in_order = ascend(self._rates)
        if in_order and self._permuted:
            self._newly_active.order[:] = np.arange(len(self._newly_active.order))
        self._permuted = not in_order
        expected = mean_of(law, T) if rate > 0 else 0.0
        activations = int(expected + 8.0 * expected**0.5)
        self._room(self._count() + activations, activations)

    def _update_levels(self) -> None:
        """Compute the levels of matched noise, and have the next step compute activation rates."""
        assert self._matched is not None
        powers_of_active_set(
            self._active.first[self._now], self._active.s[self._now], self._matched.powers
        )
        self._matched.update(self._model)
        self._rates_of = None

    @property
    def _now(self) -> int:
        """The current one of the two lists."""
        return int(self._active.now[0])

    def _count(self) -> int:
        return int(self._active.first[self._now, -1])

    def _room(self, active: int, activations: int) -> None:
        """Enlarge the lists to hold ``active`` entries, and ``activations`` in one step."""
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
            self._active.now[:] = before.now
            self._active.first[self._now] = before.first[self._now]
            self._active.position[self._now, :count] = before.position[self._now, :count]
            self._active.s[self._now, :count] = before.s[self._now, :count]

    @property
    def joint(self) -> JointNoise | None:
        """The noise's covariances, if it has them."""
        return self._joint

    def step_of(self, stage: Stage, before: int) -> tuple[Model, StepParams]:
        """Return what a kernel needs for one step of a stage."""
        return self._model, of_step(self._step_params(stage, (before, 1)), 0)

    def share_levels(self, other: GaussianEngine) -> None:
        """Use the matched levels of another engine, if it has them."""
        self._matched, self._joint = other._matched, other._joint
        self._rates_of = None

    def take_normalized(self, columns: NormalizedColumns) -> None:
        """Set all but the active entries to those of a normalised state; V is rescaled."""
        mass = fsum(self.constants.mu * columns.masses)
        self.A.support[:], self.A.off_sums[:] = columns.support, columns.off_sums
        self.V.W[:] *= mass
        self.V.scalars[:] *= (mass, mass * mass)
        if self._matched is not None:
            self._update_levels()

    def set_entries(self, first: I64, position: I64, s: F64, *, spare: int | None = None) -> None:
        """Set the active entries, in the form of one list of `active_set.ActiveSet`.

        ``spare`` is the room for more of them; by default as much again.
        """
        count = len(s)
        self._room(count + (count if spare is None else spare), 0)
        self._active.first[self._now] = first
        self._active.position[self._now, :count] = position
        self._active.s[self._now, :count] = s

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run; parameters as :meth:`DenseEngine.adopt`."""
        state = with_entries(state, old)
        columns, others = split(entries_of(state, old), self.task)
        self.A.support[:] = columns.support
        self.A.off_sums[:] = columns.off_sums
        first = np.searchsorted(others.column, np.arange(self.task.N + 1))
        self.set_entries(first, others.position, others.s)
        self._adopt_value(state, old)

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        count = self._count()
        return {
            "indptr": self._active.first[self._now],
            "indices": self._active.position[self._now, :count],
            "data": self._active.s[self._now, :count],
            **super().state(),
        }

    def snapshot(self) -> State:
        """Return ``s``, support included, as a sparse matrix by columns; the intercepts; and V."""
        entries = entries_of(self.state(), self.task)
        first = np.searchsorted(entries.column, np.arange(self.task.N + 1))
        sums = np.bincount(entries.column, entries.s, self.task.N)
        return {
            "indptr": first,
            "indices": entries.position,
            "data": entries.s,
            "intercept": (1.0 - sums) / self.task.T,
            **self._state_of_V(),
        }

    def restore(self, step: int, state: State) -> None:
        """Continue from a state returned by :meth:`state`, to the same bits."""
        self.set_entries(state["indptr"], state["indices"], state["data"])
        super().restore(step, state)
        if self._matched is not None:
            # The activation rates must follow the restored levels.
            self._rates_of = None

    def _normalized(
        self, threshold: float, *, in_place: bool
    ) -> tuple[Row, int, NormalizedColumns, float]:
        first, count = self._active.first[self._now], self._count()
        lengths = np.diff(first)
        # Put each column's active entries into a row of a matrix, padded with zeros. Zeros are
        # below the threshold in every column that is rescaled, so their number does not matter.
        there = np.arange(lengths.max(initial=0)) < lengths[:, None]
        bulk = np.zeros(there.shape)
        bulk[there] = self._active.s[self._now, :count]
        positions = self._active.position[self._now, :count].copy()
        without_entries = self.A
        self.A = without_entries._replace(bulk=bulk)
        try:
            result = super()._normalized(threshold, in_place=in_place)
        finally:
            self.A = without_entries
        if in_place:
            s = bulk[there]
            keep = s != 0.0
            columns = np.repeat(np.arange(len(lengths)), lengths)[keep]
            lengths = np.bincount(columns, minlength=len(lengths))
            first = np.concatenate([[0], np.cumsum(lengths)])
            self.set_entries(first, positions[keep], s[keep])
        return result
