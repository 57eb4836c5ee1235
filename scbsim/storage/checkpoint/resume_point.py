"""Where and how a run resumes, from its output and its checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scbsim.engines.random_stream import ORIGIN, StreamStart
from scbsim.errors import OutputError
from scbsim.state import State
from scbsim.storage.checkpoint.file import Checkpoint, read_checkpoint
from scbsim.storage.checkpoint.position import Position, position_of
from scbsim.storage.runfile.reader import opened
from scbsim.storage.runfile.schema import FINAL
from scbsim.storage.runfile.states import read_state
from scbsim.storage.runfile.table_writer import Cursors
from scbsim.task import Task
from scbsim.task.digest import Parts, differing, parts_of
from scbsim.trajectory.own_observables import OwnObservable
from scbsim.util.arguments import switch

Fits = Callable[[Checkpoint], bool]


@dataclass(frozen=True)
class ResumePoint:
    """What an output and its checkpoints say of a run to resume."""

    position: Position | None  # where to resume; None for the start
    cursors: Cursors  # what was recorded by then
    run_uuid: str
    created_utc: str
    task: Task | None = None  # of the file, bit for bit; None if it cannot be read
    in_place: bool = True  # whether the file continues; otherwise a new one does
    replaces_spec: bool = False  # whether the last stage is longer than in the file
    engine: str = ""  # of the file; empty if it cannot be read
    matrix_V: bool = False  # whether that engine keeps V as a matrix
    lacks_steps_before: int = 0  # first step on file, if earlier rows are lost; else 0
    fault: str = ""  # what is wrong with the file, if a new one continues; empty if missing
    task_parts: Parts | None = None  # digest of the task in the checkpoint, if a new file continues
    stream: StreamStart = ORIGIN  # where its noise begins in the random stream
    observed: tuple[OwnObservable, ...] = ()  # a user's own observables
    failed_observable: str = ""  # which of them ended the run, and when; empty if none did

    def carried(self) -> dict[str, Any]:
        """Return what the header of the resumed run takes over."""
        names = ("run_uuid", "created_utc", "lacks_steps_before", "stream")
        return {name: getattr(self, name) for name in names}

    def require_task(self, path: Path, task: Task) -> None:
        """Raise OutputError if a run resumes from a checkpoint alone, with another task."""
        if self.task_parts is None:
            return
        differ = differing(self.task_parts, parts_of(task))
        if differ:
            raise OutputError(
                f"the checkpoint of {path} belongs to a run with another task: {differ}. Resume "
                f"with the task of that run, or start again with {switch('overwrite')}"
            )


class Reading:
    """Reads states of a run to resume; a subclass may read only a part of their columns."""

    def checkpoint(self, output: Path, fits: Fits) -> Checkpoint | None:
        """Return the last checkpoint beside an output that is intact and fits, or None."""
        return read_checkpoint(output, fits=fits)

    def final(self, path: Path) -> tuple[int, State]:
        """Return the step and the last state in the file of a complete run."""
        with opened(path) as file:
            return read_state(file[FINAL], 0)


def position_in(checkpoint: Checkpoint, longer: int = 0) -> Position:
    """Return the position in a checkpoint, if the last stage is ``longer`` by some steps."""
    facts = checkpoint.facts
    return position_of(facts, checkpoint.state, facts["stages"], longer)
