"""The only loop in the project: blocks of steps, what is recorded of them, what is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES, in_words
from scbsim.run.align_rows import align_rows
from scbsim.run.ensemble import Ensemble
from scbsim.run.recorders import Recorder
from scbsim.run.replica import ReplicaBlock
from scbsim.spec import OutputSpec
from scbsim.util.quantiles import medians

if TYPE_CHECKING:
    from scbsim.storage.checkpoint.position import Position

_BLOCK_SECONDS = 0.25
_BLOCK_STEPS = 8192
_BLOCK_ROWS = 2**19
"""Steps of all replicas together in a block: their rows are in memory until it ends."""

Tell = Callable[..., None]
"""Is given the step, the stage and the observables; of an ensemble medians, and a note."""


class Keeper(Protocol):
    """What keeps checkpoints."""

    @property
    def position(self) -> Position | None:
        """Where the run goes on, or None for the start."""
        ...

    def due(self) -> bool:
        """Return whether it is time for a checkpoint."""
        ...

    def save(self, position: Position) -> None:
        """Keep one."""
        ...


class Loop:
    """A run, from wherever it is to its end.

    Parameters
    ----------
    ensemble : Ensemble
        Its replicas; a single run has one.
    output : OutputSpec
    recorder : Recorder
    session : Keeper, optional
        The session of the output that is being written.
    stop : callable, optional
        Asked between blocks of steps; the run ends early when it says True.
    tell : callable, optional
        Told the last row of every block of steps, be it recorded or not.
    pace : int
        Steps of the first block.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        output: OutputSpec,
        recorder: Recorder,
        session: Keeper | None = None,
        stop: Callable[[], bool] | None = None,
        tell: Tell | None = None,
        pace: int = 1,
    ) -> None:
        self._ensemble = ensemble
        self._output = output
        self._recorder = recorder
        self._session = session
        self._stop = stop or (lambda: False)
        self._tell = tell
        self._pace = pace
        self._most = max(1, _BLOCK_ROWS // len(ensemble))
        self._recorded = -1  # the last step that was
        if output.snapshot_every:
            (alone,) = ensemble.replicas
            alone.snapshot, alone.snapshot_every = recorder.snapshot, output.snapshot_every
        if output.normalized_every:
            (alone,) = ensemble.replicas
            alone.normalized_every = output.normalized_every
        position = session.position if session else None
        if position is None:
            self._begin()
        else:
            self._go_on(position)

    def run(self) -> str:
        """Take blocks of steps until every replica has ended; return how the run ended."""
        ensemble = self._ensemble
        while ensemble.running:
            if self._stop():
                self._keep_what_there_is()
                return "stopped"
            if self._session is not None and self._session.due():
                self._save()
            began = perf_counter()
            start = ensemble.step
            steps = min(self._pace, ensemble.most_left, self._to_pause(), self._most)
            self._took(start, ensemble.advance(steps))
            self._pace = self._paced(steps, perf_counter() - began)
        if len(ensemble) == 1 and ensemble.status == "complete":
            engine = ensemble.replicas[0].engine
            self._recorder.final(engine.step, engine.state())
        return ensemble.status

    def _begin(self) -> None:
        for replica in self._ensemble.replicas:
            replica.observe()
        self._record_now()
        if self._output.snapshot_every:
            engine = self._ensemble.replicas[0].engine
            self._recorder.snapshot(engine.step, engine.snapshot())
        if self._output.normalized_every:
            self._recorder.normalized(self._ensemble.replicas[0].normalized(), 0)
        self._tell_of_now()

    def _go_on(self, position: Position) -> None:
        """Go to where a run that is taken up was."""
        for i, at in enumerate(position.replicas):
            self._ensemble.replicas[i].go_to(**vars(at))
            if at.status != "running":
                self._recorder.replica_ended(i, at.status)
        self._recorded = position.step if position.recorded else -1

    def _to_pause(self) -> int:
        """Return the steps to the next state that is kept or normalised."""
        step = self._ensemble.step
        periods = (self._output.snapshot_every, self._output.normalized_every)
        return min((every - step % every for every in periods if every), default=_BLOCK_STEPS)

    def _took(self, start: int, blocks: Mapping[int, ReplicaBlock]) -> None:
        """Hand on what is to be recorded of the steps just taken."""
        replicas, every = self._ensemble.replicas, self._output.every
        last = max(replicas[i].engine.step for i in blocks)
        ended = [i for i in blocks if replicas[i].status != "running"]
        steps = np.arange(start + every - start % every, last + 1, every)
        # The last step of a replica, too; one that diverges may have taken it in the block before.
        ends = {replicas[i].engine.step for i in ended} - {self._recorded}
        if ends:
            steps = np.union1d(steps, np.array(sorted(ends)))
        self._record(steps, blocks)
        for i, did in blocks.items():
            for end in did.ends:
                self._recorder.stage_ended(end, i)
            for row in did.normalized:
                self._recorder.normalized(row, i)
        for i in ended:
            self._recorder.replica_ended(i, replicas[i].status)
        if last > start:
            self._tell_of_now()

    def _record(self, steps: NDArray[np.int64], blocks: Mapping[int, ReplicaBlock]) -> None:
        if not len(steps):
            return
        self._recorder.append(*align_rows(blocks, len(self._ensemble), steps))
        self._recorded = int(steps[-1])

    def _record_now(self) -> None:
        """Record the last step of all that have not ended."""
        replicas = self._ensemble.replicas
        step = np.array([self._ensemble.step])
        self._record(step, {i: replicas[i].so_far() for i in self._ensemble.running})

    def _keep_what_there_is(self) -> None:
        if self._session is not None:
            self._save()
        elif self._recorded < self._ensemble.step:
            self._record_now()

    def _save(self) -> None:
        from scbsim.storage.checkpoint.position import Position

        assert self._session is not None
        recorded = self._recorded == self._ensemble.step
        self._session.save(Position.of(self._ensemble.replicas, recorded=recorded))

    def _tell_of_now(self) -> None:
        if self._tell is None:
            return
        ensemble = self._ensemble
        stage = min(replica.row_stage for replica in ensemble.replicas)
        rows = ensemble.last_rows()
        row = rows[0] if len(rows) == 1 else medians(rows)
        note = [in_words(ensemble.counts())] if len(rows) > 1 else []
        self._tell(ensemble.step, stage, dict(zip(NAMES, row.tolist(), strict=True)), *note)

    def _paced(self, steps: int, seconds: float) -> int:
        """Return the steps of the next block."""
        return _next_pace(steps, seconds)


def _next_pace(steps: int, seconds: float) -> int:
    """Return how many steps to ask for, so that signals are heard several times a second."""
    fitting = int(steps * _BLOCK_SECONDS / max(seconds, 1e-9))
    # The first call may compile: it says little of the pace, so grow by and by.
    return max(1, min(fitting, 8 * steps, _BLOCK_STEPS))
