"""The staged engine: SGD on a few numbers a column, and l1 rules on active entries.

SGD is `columns` under matched noise, else `collapsed`; l1 rules are `sparse`. Between SGD and an l1
rule the entries of A are drawn, and never stored before the rule's first step has returned most of
them to zero. SGD after an l1 rule keeps what that has left as a known direction of its rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Self, TypeAlias

import numpy as np

from scbsim.engines import hand_over
from scbsim.engines.base import Block, Row
from scbsim.engines.collapsed import CollapsedEngine
from scbsim.engines.columns import ColumnsEngine
from scbsim.engines.cost import sparse_seconds
from scbsim.engines.noise import MatchedNoise, Noise
from scbsim.engines.parts import PART, SECOND, no_lists, part_of
from scbsim.engines.plan import RunPlan
from scbsim.engines.plan_hooks import Planned
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.stages import Stage
from scbsim.engines.without_entries import WithoutEntries
from scbsim.errors import InputError
from scbsim.kernels.gaussian.state import ProblemConstants
from scbsim.spec.rules import rule_record
from scbsim.spec.stage_order import AFTER_ZEROS
from scbsim.state import State
from scbsim.task import Task

Part: TypeAlias = ColumnsEngine | CollapsedEngine | SparseEngine


def first_part(noise: Noise) -> Any:
    """Return the class of the engine of the stages of SGD."""
    return ColumnsEngine if isinstance(noise, MatchedNoise) else CollapsedEngine


class StagedEngine(Planned):
    """Stages of SGD, which may normalise, and of l1 rules.

    Under matched noise no SGD follows on an l1 rule or a normalisation. Parameters as
    :class:`GaussianEngine`; if SGD is collapsed, its V is drawn where a matrix begins.

    Attributes
    ----------
    draws_V : bool
        Whether SGD keeps V by its scalars, and the l1 rules as a matrix.
    """

    name = "staged"
    keeps_lists = True

    def __init__(
        self, task: Task, noise: Noise, *, value: bool | None = None, **options: Any
    ) -> None:
        follows = isinstance(noise, MatchedNoise)
        matrix = follows if value is None else value
        self.draws_V = matrix and not follows
        of_first = {**options, "value": follows and matrix}
        self._sparse: Callable[[], SparseEngine] = partial(
            SparseEngine, task, noise, value=matrix, **options
        )
        self._first: Callable[[], Part] = partial(first_part(noise), task, noise, **of_first)
        self._now: Part = self._first()
        self.task, self._hands = task, 1

    @classmethod
    def step_seconds(cls, plan: RunPlan) -> float:
        """Return about how many seconds a step takes on one thread, in the slower part."""
        stages = [stage for stage in plan.stages if rule_record(stage.rule).keeps_zeros]
        first = float(first_part(plan.noise).step_seconds(plan))
        if not stages:
            return first
        value = plan.choice.matrix_V
        return max(first, sparse_seconds(tuple(stages), plan.levels, plan.task, value=value))

    @classmethod
    def kernels(cls, plan: RunPlan) -> tuple[str, ...]:
        """Return the kernels that a run calls, in the order of their first calls."""
        first = first_part(plan.noise).kernels(plan)
        joint = isinstance(plan.noise, MatchedNoise) and plan.noise.covariances
        products = ("sum_products",) if joint else ()
        step = ("begin_step", *products, "sum_stepped", "list_stepped", "finish_step")
        second = SparseEngine.kernels(plan)
        of_V = ("draw_rows",) if plan.choice.matrix_V and not joint else ()
        return tuple(dict.fromkeys((*first, *of_V, *step, *second)))

    @property
    def part(self) -> Part:
        """The engine that steps now."""
        return self._now

    @property
    def step(self) -> int:
        """The number of steps taken."""
        return self._now.step

    @step.setter
    def step(self, step: int) -> None:
        self._now.step = step

    @property
    def constants(self) -> ProblemConstants:
        """Numbers of the task and the stream."""
        return self._now.constants

    @constants.setter
    def constants(self, constants: ProblemConstants) -> None:
        self._now.constants = constants

    def share(self, other: Self) -> None:
        """Use the constant arrays of another engine of the same kind and task."""
        now: Any = self._now
        now.share(other._now)

    def use_threads(self, count: int) -> None:
        """Draw entries, and take large steps, on so many threads; the bits do not depend on it."""
        self._hands = count
        self._now.use_threads(count)

    def observe(self) -> Row:
        """Return the observables of the state, (9,) float64."""
        return self._now.observe()

    def advance(self, stage: Stage, steps: int, before: int = 0) -> Block:
        """Take up to ``steps`` steps of a stage, of which it has taken ``before``."""
        if steps == 0:
            return Block(np.empty((0, len(self.observe()))), "steps")
        if not rule_record(stage.rule).keeps_zeros:
            if isinstance(self._now, SparseEngine):
                self._now = self._collapsed(self._now, stage)
            return self._now.advance(stage, steps, before)
        if isinstance(self._now, SparseEngine):
            return self._now.advance(stage, steps, before)
        sparse = self._sparse()
        sparse.use_threads(self._hands)
        if self._now.is_empty:
            hand_over.begin_sparse(self._now, sparse)
            self._now = sparse
            return sparse.advance(stage, steps, before)
        row = hand_over.first_step(self._now, sparse, stage, before)
        if not np.isfinite(row).all():
            return Block(row[None][:0], "diverged")
        self._now = sparse
        if max(row[0], row[1]) >= stage.until_signal:
            return Block(row[None], "signal")
        others = sparse.advance(stage, steps - 1, before + 1)
        return Block(np.concatenate([row[None], others.rows]), others.end)

    def _collapsed(self, sparse: SparseEngine, stage: Stage) -> CollapsedEngine:
        """Return the engine of SGD that goes on from active entries."""
        engine = self._first()
        if not isinstance(engine, CollapsedEngine):
            raise InputError(
                f"stage.{stage.index}.rule: {stage.rule} after entries of A were set to 0, under "
                f"matched noise: {AFTER_ZEROS}"
            )
        hand_over.collapse(sparse, engine)
        engine.use_threads(self._hands)
        return engine

    def normalized(self, threshold: float) -> tuple[Row, int]:
        """Return the observables of a normalised copy of the state; see :class:`Engine`."""
        return self._now.normalized(threshold)

    def normalize(self, threshold: float) -> tuple[Row, int]:
        """Normalise the state; return the same as :meth:`normalized`."""
        if not isinstance(self._now, WithoutEntries):
            return self._now.normalize(threshold)
        sparse = self._sparse()
        sparse.use_threads(self._hands)
        found = hand_over.normalize(self._now, sparse, threshold)
        self._now = sparse
        return found

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        return {**self._now.state(), PART: part_of(isinstance(self._now, SparseEngine))}

    def final_form(self) -> State:
        """Return arrays of the types of the last state, whose lists may be longer."""
        return {**self._sparse().state(), PART: part_of(True)}

    def snapshot(self) -> State:
        """Return the state with all entries of A, or after SGD with those that are not at zero."""
        if isinstance(self._now, SparseEngine):
            return {**self._now.snapshot(), PART: part_of(True)}
        return {**self._now.snapshot(), **no_lists(self.task.N), PART: part_of(False)}

    def snapshot_form(self) -> State:
        """Return arrays of the shapes and types of all that snapshots have, without a draw."""
        first = self._first()
        assert isinstance(first, WithoutEntries)
        return {**self._sparse().snapshot(), **first.snapshot_form(), PART: part_of(False)}

    def restore(self, step: int, state: State) -> None:
        """Continue from a state returned by :meth:`state`, to the same bits."""
        second = state[PART][0] == SECOND
        if second != isinstance(self._now, SparseEngine):
            constants = self._now.constants
            self._now = self._sparse() if second else self._first()
            self._now.constants = constants
            self.use_threads(self._hands)
        self._now.restore(step, {name: array for name, array in state.items() if name != PART})

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run; parameters as :meth:`DenseEngine.adopt`.

        Raises
        ------
        InputError
            If it has entries, which the first part does not keep, or no V for the second.
        """
        self._now.adopt(state, old)
        if self.draws_V and isinstance(self._now, CollapsedEngine) and not self._now.can_draw_V:
            raise InputError(
                "init.from: that run kept V as its signal and the norm of the rest, and this one "
                'needs it as a matrix; take dynamics.value = "matrix" there'
            )
        if isinstance(self._now, WithoutEntries) and not self._now.can_draw:
            raise InputError(
                "init.from: that state has entries of its own, which the first part of the staged "
                'engine does not keep; take dynamics.engine = "dense"'
            )
