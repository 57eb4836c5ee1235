"""One replica and its progress through the stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Block, Engine, Row
from scbsim.engines.rule_memory import forgets
from scbsim.engines.stages import Stage
from scbsim.state import State
from scbsim.trajectory.own_rows import Values
from scbsim.trajectory.tables import NormalizedRow, StageEnd

if TYPE_CHECKING:
    from scbsim.run.observing import Observing


@dataclass
class ReplicaBlock:
    """The results of a block of steps of one replica."""

    start: int  # steps taken before
    row: Row | None  # observables after them, (9,)
    stage: int  # the stage that took the last of them
    parts: list[tuple[int, Row]] = field(default_factory=list)  # stages and their rows, (n, 9)
    ends: list[StageEnd] = field(default_factory=list)
    normalized: list[NormalizedRow] = field(default_factory=list)
    observed: list[tuple[int, Values]] = field(default_factory=list)  # a user's own, by step


class Replica:
    """An engine and its place in the stages.

    ``normalize_threshold`` is that of normalised copies of the state; None for no copies.
    """

    def __init__(
        self, engine: Engine, stages: Sequence[Stage], normalize_threshold: float | None = None
    ) -> None:
        self.engine = engine
        self.stages = stages
        self.stage, self.left = 0, stages[0].steps  # the next step's stage, its remaining steps
        self.row: Row | None = None  # after the last step; None if it was recorded before a resume
        self.status = "running"  # or complete or diverged
        self.snapshot: Callable[[int, State], None] | None = None
        self.snapshot_every = 0  # steps between states passed to `snapshot`; 0 for none
        self.normalized_every = 0  # steps between normalised copies; 0 for only the last
        self.observing: Observing | None = None  # calls a user's functions, if there are any
        self.before_end: State = {}  # what the draw of entries at the end changed
        self.lost: Callable[[Row], NDArray[np.bool_]] | None = None  # rows that end it as diverged
        self._normalize_threshold = normalize_threshold

    @property
    def most_left(self) -> int:
        """The largest number of steps that it can still take."""
        if self.status != "running":
            return 0
        return self.left + sum(stage.steps for stage in self.stages[self.stage + 1 :])

    @property
    def row_stage(self) -> int:
        """The stage that took the last step."""
        if self.stage == len(self.stages):
            return self.stage - 1
        return self.stage - (self.stage > 0 and self.left == self.stages[self.stage].steps)

    def observe(self) -> None:
        """Set ``row`` to the observables of the present state."""
        self.row = self.engine.observe()

    def empty_block(self) -> ReplicaBlock:
        """Return a block without steps at the present position."""
        return ReplicaBlock(self.engine.step, self.row, self.row_stage)

    def restore(
        self,
        step: int,
        stage: int,
        left: int,
        row: Row | None = None,
        state: State | None = None,
        status: str = "running",
    ) -> None:
        """Set the position; a replica that has ended needs no state."""
        self.stage, self.left, self.row, self.status = stage, left, row, status
        if state is None:
            self.engine.step = step
        else:
            self.engine.restore(step, state)

    def advance(self, steps: int) -> ReplicaBlock:
        """Take ``steps`` steps, possibly in several stages; fewer if the run ends first."""
        result = self.empty_block()
        while steps and self.status == "running":
            stage = self.stages[self.stage]
            asked = min(steps, self.left)
            if stage.schedule is None:
                block = self.engine.advance(stage, asked)
            else:
                block = self.engine.advance(stage, asked, stage.steps - self.left)
            taken = len(block.rows)
            if taken:
                steps -= taken
                self.left -= taken
                self.row = block.rows[-1].copy()
                result.parts.append((stage.index, block.rows))
                if self.lost is not None and self.lost(block.rows).any():
                    self._end_stage(stage, "diverged", result)
                    break
                # Before the end of the stage, which may change the state.
                if self.snapshot and self.engine.step % self.snapshot_every == 0:
                    self.snapshot(self.engine.step, self.engine.snapshot())
                if self.normalized_every and self.engine.step % self.normalized_every == 0:
                    result.normalized.append(self.normalized())
            if self.observing is not None:
                self._observe_own(self.observing, stage, block, result)
            if block.end != "steps" or not self.left:
                self._end_stage(stage, block.end, result)
            elif taken < asked:
                # The next call of the engine raises an error; these rows are recorded before.
                break
        return result

    def _observe_own(
        self, observing: Observing, stage: Stage, block: Block, result: ReplicaBlock
    ) -> None:
        """Call a user's functions that are due, and after the last step of the run the others."""
        step, end = self.engine.step, block.end
        ends = (end != "steps" or not self.left) and self.stage == len(self.stages) - 1
        last = end == "data" or (ends and end != "diverged")
        # Without a step, those that are due here were called in an earlier block.
        due = len(block.rows) > 0 and observing.is_due(step)
        if not (due or last):
            return
        row = self.engine.observe() if self.row is None else self.row
        values = dict(observing.values(self.engine, stage.index, row)) if due else {}
        if last:
            # A longer run would call the first, but not these.
            self.before_end = self.engine.before_draw()
            values |= observing.values(self.engine, stage.index, row, others=True)
        result.observed.append((step, values))

    def _end_stage(self, stage: Stage, reason: str, result: ReplicaBlock) -> None:
        result.ends.append(StageEnd(stage.index, self.engine.step, reason))
        if reason == "diverged":
            self.status = "diverged"
            return
        if stage.normalize_level is not None:
            row, count = self.engine.normalize(stage.normalize_level)
            result.normalized.append(NormalizedRow(self.engine.step, stage.index, count, row))
        if reason == "data":
            # Nothing is left to learn from in later stages.
            self.stages = self.stages[: stage.index + 1]
        self.stage += 1
        if self.stage < len(self.stages):
            self.left = self.stages[self.stage].steps
            if forgets(stage, self.stages[self.stage]):
                self.engine.forget_memory()
            return
        self.left, self.status = 0, "complete"
        self.before_end = self.before_end or self.engine.before_draw()
        if self._normalize_threshold is not None:
            result.normalized.append(self.normalized(final=True))

    def normalized(self, *, final: bool = False) -> NormalizedRow:
        """Return the observables of a normalised copy of the state."""
        assert self._normalize_threshold is not None
        row, count = self.engine.normalized(self._normalize_threshold)
        return NormalizedRow(self.engine.step, self.row_stage, count, row, final)
