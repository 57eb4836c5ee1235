"""The output of a shared run: rank 0 writes the file, every rank a shard of each checkpoint."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

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

Result = TypeVar("Result")


class _RootSession(Session):
    """The session of rank 0, whose checkpoints name the shards of the bulk."""

    def __init__(self, reading: SharedReading, *args: Any, **options: Any) -> None:
        self._reading = reading
        self.shards: dict[str, Any] = {}
        super().__init__(*args, **options)

    def _resume_point(self, reading: Reading | None = None) -> ResumePoint | None:
        return super()._resume_point(self._reading)

    def _checkpoint(self, position: Position, cursors: Cursors) -> Checkpoint:
        checkpoint = super()._checkpoint(position, cursors)
        for rank in range(len(self.shards["firsts"]) - 1):
            shard = shard_path(self.path, self.shards["generation"], rank)
            if not shard.exists():
                raise RunFailed(f"rank 0 cannot see {shard}: all ranks need a shared folder")
        state = {name: array for name, array in checkpoint.state.items() if name != "bulk"}
        return replace(checkpoint, facts={**checkpoint.facts, "shards": self.shards}, state=state)


class _SendingRecorder(NoRecorder):
    """The recorder of the other ranks, which only send their part of the last state."""

    def __init__(self, header: RunHeader) -> None:
        self._header = header

    def final(self, step: int, state: State) -> None:
        """Receive the last state."""
        if self._header.keeps_final(state):
            _bulk_of(state).give()


class SharedSession:
    """The output of all ranks of a world, which all call every method.

    Parameters and exceptions are those of :class:`scbsim.storage.session.Session`.
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
        self._root: _RootSession | None = None
        reading = SharedReading(world)

        def open_session() -> None:
            if not world.is_root:
                reading.serve()
                return
            try:
                options = {"overwrite": overwrite, "resume": resume, "stop": stop}
                self._root = _RootSession(reading, self.path, spec, **options)
            finally:
                reading.dismiss()

        try:
            world.collective(open_session)
        except BaseException:
            self.__exit__()
            raise
        # Without the state, of which every rank has read its part.
        found = self._on_root(lambda root: (root.finished, _with_state(root.point, {})))
        self.finished, point = world.bcast(found)
        self.point: ResumePoint | None = _with_state(point, reading.state)

    def __enter__(self) -> SharedSession:
        return self

    def __exit__(self, *error: object) -> None:
        if self._root is not None:
            self._root.__exit__(None, None, None)

    @property
    def position(self) -> Position | None:
        """The position to resume from, or None for the start."""
        return self.point.position if self.point else None

    def recorder(self, header: RunHeader, state: State, snapshot: State) -> Recorder:
        """Make the file or open it to continue, and return the recorder of this rank."""
        point = self.point
        if point and point.position and point.replaces_spec:
            # The root session first writes a new checkpoint, which needs its shards.
            bulk = point.position.any_state["bulk"]
            self._write_shards(DistributedArray(self._world, bulk, header.task.N))
        recorder = self._on_root(lambda root: root.recorder(header, state, snapshot))
        return _SendingRecorder(header) if recorder is None else recorder

    def due(self) -> bool:
        """Return whether it is time for a checkpoint, by the clock of rank 0."""
        return bool(self._world.bcast(self._root.due() if self._root else False))

    def save(self, position: Position) -> None:
        """Write a checkpoint: first all shards, then the file that names them."""
        self._write_shards(_bulk_of(position.any_state))
        self._on_root(lambda root: root.save(position))

    def tidy(self) -> None:
        """Remove all files but the output, once the run has ended."""
        self._on_root(_RootSession.tidy)

    def _on_root(self, work: Callable[[_RootSession], Result]) -> Result | None:
        """Call ``work`` on rank 0 with its session."""
        return self._world.collective(lambda: work(self._root) if self._root else None)

    def _write_shards(self, bulk: DistributedArray) -> None:
        world = self._world
        generation = world.bcast(next_generation(self.path) if world.is_root else 0)
        shard = shard_path(self.path, generation, world.rank)
        world.collective(lambda: write_shard(shard, bulk.own))
        if self._root is not None:
            self._root.shards = {
                "generation": generation,
                "firsts": world.firsts(bulk.shape[0]).tolist(),
                "T": bulk.shape[1],
                "dtype": bulk.dtype.name,
            }


def _bulk_of(state: State) -> DistributedArray:
    bulk: Any = state["bulk"]
    assert isinstance(bulk, DistributedArray)
    return bulk


def _with_state(point: ResumePoint | None, state: State) -> ResumePoint | None:
    if point is None or point.position is None:
        return point
    (alone,) = point.position.replicas
    return replace(point, position=Position((replace(alone, state=state),)))
