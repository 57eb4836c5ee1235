"""One replica's way through the stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scbsim.engines.base import Engine, Row
from scbsim.engines.stages import Stage
from scbsim.state import State
from scbsim.trajectory.tables import NormalizedRow, StageEnd


@dataclass
class ReplicaBlock:
    """What a replica did in a block of steps.

    Attributes
    ----------
    start : int
        Steps taken before.
    row : (9,) float64 or None
        Observables after that step, and ``stage``, which took it.
    parts : list of (int, (n, 9) float64)
        Stages and the observables after each of their steps, in order.
    ends : list of StageEnd
    normalized : list of NormalizedRow
    """

    start: int
    row: Row | None
    stage: int
    parts: list[tuple[int, Row]] = field(default_factory=list)
    ends: list[StageEnd] = field(default_factory=list)
    normalized: list[NormalizedRow] = field(default_factory=list)


class Replica:
    """An engine, and where in the stages it is.

    Parameters
    ----------
    engine : Engine
    stages : sequence of Stage
    normalize_threshold : float or None
        At which copies of the state are normalised; None for not at all.

    Attributes
    ----------
    stage, left : int
        The stage that is next to step, and the steps that it has left.
    row : (9,) float64 or None
        Observables after the last step; None where a run was taken up after a recorded one.
    status : str
        ``running``, ``complete`` or ``diverged``.
    snapshot_every : int
        Steps from one state that ``snapshot`` is given to the next; 0 for none.
    normalized_every : int
        Steps from one normalised copy to the next; 0 for only one, of the last state.
    """

    def __init__(
        self, engine: Engine, stages: Sequence[Stage], normalize_threshold: float | None = None
    ) -> None:
        self.engine = engine
        self.stages = stages
        self.stage, self.left = 0, stages[0].steps
        self.row: Row | None = None
        self.status = "running"
        self.snapshot_every = 0
        self.normalized_every = 0
        self.snapshot: Callable[[int, State], None] | None = None
        self._normalize_threshold = normalize_threshold

    @property
    def most_left(self) -> int:
        """Steps that it takes at the most."""
        if self.status != "running":
            return 0
        return self.left + sum(stage.steps for stage in self.stages[self.stage + 1 :])

    @property
    def row_stage(self) -> int:
        """The stage that took the last step."""
        if self.stage == len(self.stages):
            return self.stage - 1
        return self.stage - (self.stage > 0 and self.left == self.stages[self.stage].steps)

    def observe(self) -> Row:
        """Return the observables of the start."""
        self.row = self.engine.observe()
        return self.row

    def so_far(self) -> ReplicaBlock:
        """Return a block of no steps, from where it is."""
        return ReplicaBlock(self.engine.step, self.row, self.row_stage)

    def go_to(
        self,
        step: int,
        stage: int,
        left: int,
        row: Row | None = None,
        state: State | None = None,
        status: str = "running",
    ) -> None:
        """Go to where a replica was; one that had ended needs no state."""
        self.stage, self.left, self.row, self.status = stage, left, row, status
        if state is None:
            self.engine.step = step
        else:
            self.engine.restore(step, state)

    def advance(self, steps: int) -> ReplicaBlock:
        """Take so many steps, through the ends of stages, or fewer if it ends before."""
        did = self.so_far()
        while steps and self.status == "running":
            stage = self.stages[self.stage]
            block = self.engine.advance(stage, min(steps, self.left))
            taken = len(block.rows)
            if taken:
                steps -= taken
                self.left -= taken
                self.row = block.rows[-1].copy()
                did.parts.append((stage.index, block.rows))
                # Before the end of the stage, which may normalise the state.
                if self.snapshot and self.engine.step % self.snapshot_every == 0:
                    self.snapshot(self.engine.step, self.engine.snapshot())
                if self.normalized_every and self.engine.step % self.normalized_every == 0:
                    did.normalized.append(self.normalized())
            if block.end != "steps" or not self.left:
                self._end_stage(stage, block.end, did)
        return did

    def _end_stage(self, stage: Stage, reason: str, did: ReplicaBlock) -> None:
        did.ends.append(StageEnd(stage.index, self.engine.step, reason))
        if reason == "diverged":
            self.status = "diverged"
            return
        if stage.normalize_level is not None:
            row, count = self.engine.normalize(stage.normalize_level)
            did.normalized.append(NormalizedRow(self.engine.step, stage.index, count, row))
        self.stage += 1
        if self.stage < len(self.stages):
            self.left = self.stages[self.stage].steps
            return
        self.left, self.status = 0, "complete"
        if self._normalize_threshold is not None:
            did.normalized.append(self.normalized(final=True))

    def normalized(self, *, final: bool = False) -> NormalizedRow:
        """Return the observables of a normalised copy of the state."""
        assert self._normalize_threshold is not None
        row, count = self.engine.normalized(self._normalize_threshold)
        return NormalizedRow(self.engine.step, self.row_stage, count, row, final)
