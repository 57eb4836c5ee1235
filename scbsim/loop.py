"""The only loop in the project: stages, blocks of steps, what is recorded, what is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Engine, Row
from scbsim.observables import NAMES
from scbsim.recorders import Recorder
from scbsim.spec import RunSpec
from scbsim.stages import Stage
from scbsim.trajectory import NormalizedRow, StageEnd

if TYPE_CHECKING:
    from scbsim.storage.session import Session

_BLOCK_SECONDS = 0.25
_BLOCK_STEPS = 8192

Tell = Callable[[int, int, Mapping[str, float]], None]
"""Is given the step, the stage and the observables."""


class Loop:
    """A run, from wherever it is to its end.

    Parameters
    ----------
    engine : Engine
    stages : sequence of Stage
    spec : RunSpec
    recorder : Recorder
    session : Session, optional
        The output that is being written; it keeps checkpoints.
    stop : callable, optional
        Asked between blocks of steps; the run ends early when it says True.
    tell : callable, optional
        Told the last row of every block of steps, be it recorded or not.
    """

    def __init__(
        self,
        engine: Engine,
        stages: Sequence[Stage],
        spec: RunSpec,
        recorder: Recorder,
        session: Session | None = None,
        stop: Callable[[], bool] | None = None,
        tell: Tell | None = None,
    ) -> None:
        self._engine = engine
        self._stages = stages
        self._output = spec.output
        self._recorder = recorder
        self._session = session
        self._stop = stop or (lambda: False)
        self._tell = tell or (lambda *_: None)
        self._pace = 1
        self._unrecorded: Row | None = None
        self._stage, self._left = 0, stages[0].steps
        position = session.position if session else None
        if position is None:
            self._took(engine.observe()[None, :])
        else:
            engine.restore(position.step, position.state)
            self._stage, self._left = position.stage, position.left
            self._unrecorded = position.unrecorded

    def run(self) -> str:
        """Take the stages in order; return how the run ended."""
        while self._stage < len(self._stages):
            stage = self._stages[self._stage]
            end = self._run_stage(stage)
            if end == "stopped":
                self._keep_what_there_is()
                return end
            self._recorder.stage_ended(StageEnd(stage.index, self._engine.step, end))
            if end == "diverged":
                self._record_last()
                return end
            if stage.normalize_level is not None:
                self._normalized(stage, self._engine.normalize(stage.normalize_level))
            self._stage += 1
            self._left = self._stages[self._stage].steps if self._stage < len(self._stages) else 0
        self._record_last()
        last = self._stages[-1]
        self._normalized(last, self._engine.normalized(self._output.normalize_level))
        self._recorder.final(self._engine.step, self._engine.state())
        return "complete"

    def _run_stage(self, stage: Stage) -> str:
        while self._left:
            if self._stop():
                return "stopped"
            if self._session is not None and self._session.due():
                self._save()
            began = perf_counter()
            steps = min(self._pace, self._left, self._to_snapshot())
            block = self._engine.advance(stage, steps)
            self._left -= len(block.rows)
            self._took(block.rows)
            if block.end != "steps":
                return block.end
            self._pace = _next_pace(steps, perf_counter() - began)
        return "steps"

    def _to_snapshot(self) -> int:
        every = self._output.snapshot_every
        return every - self._engine.step % every if every else _BLOCK_STEPS

    def _took(self, rows: NDArray[np.float64]) -> None:
        """Hand on what is to be recorded of the steps just taken."""
        if not len(rows):
            return
        step = self._engine.step
        steps = np.arange(step - len(rows) + 1, step + 1)
        keep = steps % self._output.every == 0
        if keep.any():
            self._append(steps[keep], rows[keep])
        self._unrecorded = None if keep[-1] else rows[-1].copy()
        self._tell(step, self._stage, dict(zip(NAMES, rows[-1].tolist(), strict=True)))
        every = self._output.snapshot_every
        if every and step % every == 0:
            self._recorder.snapshot(step, self._engine.state())

    def _record_last(self) -> None:
        """Record the last step, whether or not it is one of every so many."""
        if self._unrecorded is not None:
            self._append(np.array([self._engine.step]), self._unrecorded[None, :])
            self._unrecorded = None

    def _keep_what_there_is(self) -> None:
        if self._session is None:
            self._record_last()
        else:
            self._save()

    def _save(self) -> None:
        from scbsim.storage.resume import Position

        assert self._session is not None
        step = self._engine.step
        state = self._engine.state()
        self._session.save(Position(step, self._stage, self._left, self._unrecorded, state))

    def _append(self, steps: NDArray[np.int64], rows: NDArray[np.float64]) -> None:
        # Rows of the last step may be due when the last stage is already over.
        stage = min(self._stage, len(self._stages) - 1)
        self._recorder.append(steps, stage, rows)

    def _normalized(self, stage: Stage, result: tuple[Row, int]) -> None:
        row, count = result
        self._recorder.normalized(NormalizedRow(self._engine.step, stage.index, count, row))


def _next_pace(steps: int, seconds: float) -> int:
    """Return how many steps to ask for, so that signals are heard several times a second."""
    fitting = int(steps * _BLOCK_SECONDS / max(seconds, 1e-9))
    # The first call may compile: it says little of the pace, so grow by and by.
    return max(1, min(fitting, 8 * steps, _BLOCK_STEPS))
