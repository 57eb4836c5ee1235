"""The disk space that a run will need, before it starts."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scbsim.engines.cost import active_entries, sparse_room
from scbsim.engines.noise import MatchedNoise
from scbsim.engines.plan import RunPlan
from scbsim.engines.rule_memory import any_memory
from scbsim.errors import RunWarning, warn_caller
from scbsim.observables import NAMES
from scbsim.spec.rules import rule_record
from scbsim.storage.runfile.schema import chunk_rows
from scbsim.trajectory.header import RunHeader
from scbsim.util.numbers import size_in_words

_HEADER_BYTES = 65_000  # of attributes and empty datasets
_SIDE_BYTES = 40_000  # of a checkpoint, besides its arrays
_ACTIVE_BYTES = 16  # of an active entry: its position and value
_LEVELS = 12  # numbers a column that matched noise keeps, about
_CHECKPOINTS = 2


@dataclass(frozen=True)
class DiskNeeded:
    """Bytes on the disk.

    Attributes
    ----------
    rows : int
        Of the observables.
    task : int
        Of the task and the header.
    snapshots : int
    final_state : int
    checkpoint : int
        Of one checkpoint. The last two are kept until the run is complete.
    """

    rows: int
    task: int
    snapshots: int
    final_state: int
    checkpoint: int

    @property
    def file(self) -> int:
        """Bytes of the output file."""
        return self.rows + self.task + self.snapshots + self.final_state

    @property
    def checkpoints(self) -> int:
        """Bytes of both checkpoints."""
        return _CHECKPOINTS * self.checkpoint

    @property
    def most(self) -> int:
        """The most at a time: a third checkpoint is complete before the oldest is removed."""
        return self.file + (_CHECKPOINTS + 1) * self.checkpoint


def disk_needed(plan: RunPlan, steps: int | None = None, *, checkpoints: bool = True) -> DiskNeeded:
    """Return the disk space that a run will need.

    Parameters
    ----------
    plan : RunPlan
    steps : int, optional
        Those that it will take; by default all of its stages.
    checkpoints : bool
        Whether it will be long enough to write checkpoints.
    """
    spec, R = plan.spec, plan.spec.dynamics.replicas
    total = spec.total_steps if steps is None else steps
    rows, chunk = total // spec.output.every + 2, _chunk(plan)
    columns = 1 + R * (1 + len(NAMES) + plan.handed)
    # Chunks are written whole.
    row_bytes = 8 * columns * (-(-rows // chunk) * chunk)
    last, state = _state_bytes(plan, last=True), _state_bytes(plan, last=False)
    snapshots = _snapshots_bytes(plan, total, state)
    wanted = spec.output.final_state
    keeps = R == 1 and (last < RunHeader.KEPT_UNDER if wanted == "auto" else bool(wanted))
    return DiskNeeded(
        rows=row_bytes,
        task=_task_bytes(plan) + _HEADER_BYTES,
        snapshots=snapshots,
        final_state=last if keeps else 0,
        checkpoint=R * max(state, last) + _SIDE_BYTES if checkpoints else 0,
    )


def warn_of_space(plan: RunPlan, path: Path) -> None:
    """Warn if the disk of an output has less free space than its run will need."""
    needed = disk_needed(plan)
    free = shutil.disk_usage(path.parent).free
    if needed.most > free:
        warn_caller(
            f"{path}: the run needs up to {size_in_words(needed.most)} of disk space, "
            f"{size_in_words(needed.file)} for the file and the rest for checkpoints, and "
            f"{size_in_words(free)} are free: it would stop when the disk is full, with what it "
            "has written; record less often (output.every, output.snapshot_every), set "
            "output.final_state = false, or take another disk",
            RunWarning,
        )


def _chunk(plan: RunPlan) -> int:
    spec = plan.spec
    return chunk_rows(spec.total_steps // spec.output.every + 2, spec.dynamics.replicas)


def _task_bytes(plan: RunPlan) -> int:
    N, Q = plan.task.N, plan.task.Q
    return 8 * (N + 2 * N * Q + (N * N if plan.task.P is not None else 0))


def _snapshots_bytes(plan: RunPlan, total: int, state: int) -> int:
    """Return the bytes of all snapshots, given those of what the engine keeps."""
    every, N = plan.spec.output.snapshot_every, plan.task.N
    if not every:
        return 0
    drawn, begin = 0, -1
    for stage in plan.stages:
        end = min(max(begin, 0) + stage.steps, total)
        staged = plan.choice.name == "staged" and not rule_record(stage.rule).keeps_zeros
        if staged or not plan.record.entries:
            drawn += end // every - begin // every
        begin = end
    return (1 + total // every) * state + drawn * 8 * N * (plan.task.T + N)


def _state_bytes(plan: RunPlan, *, last: bool) -> int:
    """Return the bytes of a state; active entries as many as on average, or as at most at last."""
    N, T, Q, name = plan.task.N, plan.task.T, plan.task.Q, plan.choice.name
    columns = 8 * N * (Q + 4)
    V = 8 * N * N if plan.choice.matrix_V else 0
    entries = 0
    item = np.dtype(plan.spec.dynamics.precision).itemsize
    if name in ("dense", "batch", "softmax"):
        entries = N * T * item
    elif plan.engine.keeps_lists:
        mean, _ = active_entries(plan.stages, plan.levels, plan.task)
        most, activations = sparse_room(plan.stages, plan.levels, plan.task)
        entries = int(_ACTIVE_BYTES * (most - activations if last else mean))
    if any_memory(plan.stages):
        entries *= 2
    if isinstance(plan.noise, MatchedNoise):
        columns += 8 * N * _LEVELS
    return columns + V + entries
