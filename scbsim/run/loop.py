"""The loop of every run: it steps in blocks, records rows and writes checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import in_words, names_of_row
from scbsim.run.align_rows import align_rows
from scbsim.run.ensemble import Ensemble
from scbsim.run.observing import Observing
from scbsim.run.recorders import Recorder
from scbsim.run.replica import ReplicaBlock
from scbsim.spec import OutputSpec
from scbsim.state import State
from scbsim.trajectory.header import RunHeader
from scbsim.trajectory.own_rows import Values
from scbsim.util.quantiles import medians

if TYPE_CHECKING:
    from scbsim.storage.checkpoint.position import Position
    from scbsim.storage.checkpoint.resume_point import ResumePoint

_BLOCK_SECONDS = 0.25
_BLOCK_STEPS = 8192
_BLOCK_ROWS = 2**19
"""Most steps of a block, summed over replicas. Its rows are in memory until it ends."""


class OutputSession(Protocol):
    """An output file while it is written: `storage.session.Session`, or that of MPI ranks."""

    path: Path
    point: ResumePoint | None

    @property
    def position(self) -> Position | None:
        """The position to resume from, or None for the start."""
        ...

    def recorder(self, header: RunHeader, state: State, snapshot: State) -> Recorder:
        """Make the file or open it to continue, and return its recorder."""
        ...

    def due(self) -> bool:
        """Return whether it is time for a checkpoint."""
        ...

    def save(self, position: Position) -> None:
        """Write a checkpoint."""
        ...

    def tidy(self) -> None:
        """Remove all files but the output, once the run has ended."""
        ...


class Loop:
    """A run, from its present position to its end.

    Parameters
    ----------
    session : OutputSession, optional
        Receives the checkpoints.
    stop : callable, optional
        Called between blocks of steps; the run ends early when it returns True.
    on_block : callable, optional
        Called after every block with the last step, its stage and its observables. For an ensemble
        these are medians, and the counts of each status follow.
    pace : int
        Steps of the first block.
    most : int, optional
        Most steps of a block.
    observing : Observing, optional
        Calls the functions of a user's own observables; it was started if the run begins.
    agree : callable
        Makes the length of the next block the same on all MPI ranks.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        output: OutputSpec,
        recorder: Recorder,
        session: OutputSession | None = None,
        stop: Callable[[], bool] | None = None,
        on_block: Callable[..., None] | None = None,
        pace: int = 1,
        agree: Callable[[int], int] = int,
        most: int | None = None,
        observing: Observing | None = None,
    ) -> None:
        self._ensemble = ensemble
        self._output = output
        self._recorder = recorder
        self._session = session
        self._stop = stop or (lambda: False)
        self._on_block = on_block
        self._pace, self._agree = pace, agree
        self._max_steps = most or max(1, _BLOCK_ROWS // len(ensemble))
        self._recorded = -1  # the last recorded step
        self._observing = observing
        for replica in ensemble.replicas:
            replica.observing = observing
        if output.snapshot_every or output.normalized_every:
            (single,) = ensemble.replicas
            single.snapshot_every = output.snapshot_every
            single.snapshot = recorder.snapshot if output.snapshot_every else None
            single.normalized_every = output.normalized_every
        if session is not None and session.position is not None:
            self._resume(session.position)
        else:
            self._start()

    def run(self) -> str:
        """Take blocks of steps until every replica has ended; return how the run ended."""
        ensemble = self._ensemble
        while ensemble.running:
            if self._stop():
                if self._session is not None:
                    self._save()
                elif self._recorded < ensemble.step:
                    self._record_now()
                return "stopped"
            if self._session is not None and self._session.due():
                self._save()
            began, start = perf_counter(), ensemble.step
            steps = min(self._pace, ensemble.most_left, self._steps_to_state(), self._max_steps)
            self._record_block(start, ensemble.advance(steps))
            self._pace = self._agree(_next_pace(steps, perf_counter() - began))
        if len(ensemble) == 1 and ensemble.status == "complete":
            (single,) = ensemble.replicas
            engine = single.engine
            engine.draw_last()
            self._recorder.final(engine.step, engine.state() | single.before_end)
        return ensemble.status

    def _start(self) -> None:
        for replica in self._ensemble.replicas:
            replica.observe()
        if self._observing is not None:
            self._recorder.observed(self._ensemble.step, self._observing.first)
        self._record_now()
        if self._output.snapshot_every:
            engine = self._ensemble.replicas[0].engine
            self._recorder.snapshot(engine.step, engine.snapshot())
        if self._output.normalized_every:
            self._recorder.normalized(self._ensemble.replicas[0].normalized(), 0)
        self._report()

    def _resume(self, position: Position) -> None:
        for i, at in enumerate(position.replicas):
            self._ensemble.replicas[i].restore(**vars(at))
            if at.status != "running":
                self._recorder.replica_ended(i, at.status)
        self._recorded = position.step if position.recorded else -1

    def _steps_to_state(self) -> int:
        """Return the steps to the next state that is saved, normalised or observed."""
        step = self._ensemble.step
        own = () if self._observing is None else self._observing.periods
        periods = (self._output.snapshot_every, self._output.normalized_every, *own)
        return min((every - step % every for every in periods if every), default=_BLOCK_STEPS)

    def _record_block(self, start: int, blocks: Mapping[int, ReplicaBlock]) -> None:
        """Record the block of each replica."""
        replicas, every = self._ensemble.replicas, self._output.every
        self._record_observed(blocks)
        last = max(replicas[i].engine.step for i in blocks)
        ended = [i for i in blocks if replicas[i].status != "running"]
        steps = np.arange(start + every - start % every, last + 1, every)
        # Also the last step of a replica. One that diverges may have taken it in an earlier block.
        ends = {replicas[i].engine.step for i in ended} - {self._recorded}
        if ends:
            steps = np.union1d(steps, np.array(sorted(ends)))
        self._record(steps, blocks)
        for i, block in blocks.items():
            for end in block.ends:
                self._recorder.stage_ended(end, i)
            for row in block.normalized:
                self._recorder.normalized(row, i)
        for i in ended:
            self._recorder.replica_ended(i, replicas[i].status)
        if last > start:
            self._report()

    def _record_observed(self, blocks: Mapping[int, ReplicaBlock]) -> None:
        """Record a user's own observables, before the rows: no row counts without them."""
        if self._observing is None:
            return
        found: dict[int, dict[int, Values]] = {}
        for i, block in blocks.items():
            for step, values in block.observed:
                found.setdefault(step, {})[i] = values
        for step in sorted(found):
            values = self._observing.joined(found[step], len(self._ensemble))
            self._recorder.observed(step, values)

    def _record(self, steps: NDArray[np.int64], blocks: Mapping[int, ReplicaBlock]) -> None:
        if not len(steps):
            return
        self._recorder.append(*align_rows(blocks, len(self._ensemble), steps))
        self._recorded = int(steps[-1])

    def _record_now(self) -> None:
        """Record the last step of all replicas that have not ended."""
        replicas = self._ensemble.replicas
        step = np.array([self._ensemble.step])
        self._record(step, {i: replicas[i].empty_block() for i in self._ensemble.running})

    def _save(self) -> None:
        from scbsim.storage.checkpoint.position import Position

        assert self._session is not None
        recorded = self._recorded == self._ensemble.step
        self._session.save(Position.of(self._ensemble.replicas, recorded=recorded))

    def _report(self) -> None:
        if self._on_block is None:
            return
        ensemble = self._ensemble
        stage = min(replica.row_stage for replica in ensemble.replicas)
        rows = ensemble.last_rows()
        row = rows[0] if len(rows) == 1 else medians(rows)
        counts = [in_words(ensemble.counts())] if len(rows) > 1 else []
        observables = dict(zip(names_of_row(row), row.tolist(), strict=True))
        self._on_block(ensemble.step, stage, observables, *counts)


def _next_pace(steps: int, seconds: float) -> int:
    """Return the steps of the next block, so that signals are handled several times a second."""
    fitting = int(steps * _BLOCK_SECONDS / max(seconds, 1e-9))
    # The first call may include compiling, so the pace grows gradually.
    return max(1, min(fitting, 8 * steps, _BLOCK_STEPS))
