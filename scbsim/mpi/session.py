"""The output of a shared run: rank 0 has the file, every rank a shard of each checkpoint."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

from scbsim.errors import RunFailed
from scbsim.mpi.distributed_array import DistributedArray
from scbsim.mpi.reading import SharedReading
from scbsim.mpi.world import World
from scbsim.run.recorders import NoRecorder, Recorder
from scbsim.spec import RunSpec
from scbsim.state import State
from scbsim.storage.checkpoint.file import Checkpoint
from scbsim.storage.checkpoint.position import Position
from scbsim.storage.checkpoint.resume_point import Reading, ResumePoint
from scbsim.storage.checkpoint.shards import next_generation, shard_path, write_shard
from scbsim.storage.runfile.table_writer import Cursors
from scbsim.storage.session import Session
from scbsim.trajectory.header import RunHeader
from scbsim.util.paths import resolved


class _Front(Session):
    """The session of rank 0: its checkpoints say in which shards the bulk is."""

    def __init__(self, reading: SharedReading, *args: Any, **options: Any) -> None:
        self._reading = reading
        self.shards: dict[str, Any] = {}
        super().__init__(*args, **options)

    def _resume_point(self, reading: Reading | None = None) -> ResumePoint | None:
        return super()._resume_point(self._reading)

    def _checkpoint(self, position: Position, cursors: Cursors) -> Checkpoint:
        whole = super()._checkpoint(position, cursors)
        for rank in range(len(self.shards["firsts"]) - 1):
            shard = shard_path(self.path, self.shards["generation"], rank)
            if not shard.exists():
                raise RunFailed(f"{shard} cannot be seen by rank 0: all ranks need one folder")
        small = {name: array for name, array in whole.state.items() if name != "bulk"}
        return replace(whole, facts={**whole.facts, "shards": self.shards}, state=small)


class _Giver(NoRecorder):
    """The recorder of the other ranks, which only hand over their part of the last state."""

    def __init__(self, header: RunHeader) -> None:
        self._header = header

    def final(self, step: int, state: State) -> None:
        """Receive the last state."""
        if self._header.keeps_final(state):
            spread: Any = state["bulk"]
            spread.give()


class SharedSession:
    """An output that the ranks of a world hold together; every method is called by all of them.

    Parameters
    ----------
    world : World
    path, spec, overwrite, resume, stop
        As :class:`scbsim.storage.session.Session`, and so is what is raised.
    """

    def __init__(
        self,
        world: World,
        path: str | os.PathLike[str],
        spec: RunSpec,
        *,
        overwrite: bool,
        resume: bool,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        self.path = resolved(path)
        self._world = world
        self._front: _Front | None = None
        reading = SharedReading(world)

        def open_it() -> None:
            if not world.is_root:
                reading.serve()
                return
            try:
                how = {"overwrite": overwrite, "resume": resume, "stop": stop}
                self._front = _Front(reading, self.path, spec, **how)
            finally:
                reading.dismiss()

        try:
            world.collective(open_it)
        except BaseException:
            self._release()
            raise
        self.finished, point = world.bcast(self._found())
        self.point: ResumePoint | None = _with_state(point, reading.state)

    def __enter__(self) -> SharedSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def _found(self) -> tuple[bool, ResumePoint | None]:
        """Return what rank 0 has found; the others read their parts of the state themselves."""
        if self._front is None:
            return False, None
        return self._front.finished, _with_state(self._front.point, {})

    def _release(self) -> None:
        if self._front is not None:
            self._front.__exit__(None, None, None)

    @property
    def position(self) -> Position | None:
        """Where the run goes on, or None for the start."""
        return self.point.position if self.point else None

    def recorder(self, header: RunHeader, state: State) -> Recorder:
        """Make the file, or take it up, and return the recorder of this rank."""
        point = self.point
        if point and point.position and point.respecify:
            # A checkpoint is made anew before anything else, and needs its shards.
            bulk = point.position.any_state["bulk"]
            self._keep_shards(DistributedArray(self._world, bulk, header.task.N))
        made = self._world.on_root(lambda: self._lead.recorder(header, state, state))
        return _Giver(header) if made is None else made

    def due(self) -> bool:
        """Return whether it is time for a checkpoint, by the clock of rank 0."""
        return bool(self._world.bcast(self._front.due() if self._front else False))

    def save(self, position: Position) -> None:
        """Write a checkpoint: first all shards, and then what says that they are one."""
        self._keep_shards(_spread(position.any_state))
        self._world.on_root(lambda: self._lead.save(position))

    def tidy(self) -> None:
        """Leave the file alone in its place: the run has ended, and it is closed and synced."""
        self._world.on_root(lambda: self._lead.tidy())

    @property
    def _lead(self) -> _Front:
        assert self._front is not None
        return self._front

    def _keep_shards(self, bulk: DistributedArray) -> None:
        world = self._world
        generation = world.bcast(next_generation(self.path) if world.is_root else 0)
        shard = shard_path(self.path, generation, world.rank)
        world.collective(lambda: write_shard(shard, bulk.own))
        if self._front is not None:
            self._front.shards = {
                "generation": generation,
                "firsts": world.firsts(bulk.shape[0]).tolist(),
                "T": bulk.shape[1],
                "dtype": bulk.dtype.name,
            }


def _spread(state: State) -> DistributedArray:
    spread: Any = state["bulk"]
    assert isinstance(spread, DistributedArray)
    return spread


def _with_state(point: ResumePoint | None, state: State) -> ResumePoint | None:
    if point is None or point.position is None:
        return point
    (alone,) = point.position.replicas
    return replace(point, position=Position((replace(alone, state=state),)))
