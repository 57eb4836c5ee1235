"""Recorders: what becomes of a run's rows. The loop knows this contract and no recorder."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES
from scbsim.state import State
from scbsim.trajectory.dataset import Trajectory, assemble, attributes_of
from scbsim.trajectory.diagnosis import diagnosis
from scbsim.trajectory.header import RunHeader
from scbsim.trajectory.tables import NormalizedRow, StageEnd, Tables

Steps = NDArray[np.int64]
Stages = NDArray[np.int64]
Rows = NDArray[np.float64]


class Recorder(Protocol):
    """Receives a run, in order; a single run is replica 0."""

    def append(self, steps: Steps, stages: Stages, rows: Rows) -> None:
        """Receive the observables after some steps, and the stages that took them.

        Shapes are (n,), (n, R) and (n, R, 9).
        """
        ...

    def normalized(self, row: NormalizedRow, replica: int) -> None:
        """Receive the observables of the normalised matrices."""
        ...

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Receive the step at which a stage ended."""
        ...

    def replica_ended(self, replica: int, status: str) -> None:
        """Receive how one ended, ``complete`` or ``diverged``, after all that it recorded."""
        ...

    def snapshot(self, step: int, state: State) -> None:
        """Receive a state to keep; the arrays change afterwards."""
        ...

    def final(self, step: int, state: State) -> None:
        """Receive the last state."""
        ...

    def close(self, status: str) -> None:
        """After everything else, whatever happened; a status of `scbsim.observables.STATUS`."""
        ...


class NoRecorder:
    """Keeps nothing."""

    def append(self, steps: Steps, stages: Stages, rows: Rows) -> None:
        """Receive rows."""

    def normalized(self, row: NormalizedRow, replica: int) -> None:
        """Receive the observables of the normalised matrices."""

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Receive the step at which a stage ended."""

    def replica_ended(self, replica: int, status: str) -> None:
        """Receive how a replica ended."""

    def snapshot(self, step: int, state: State) -> None:
        """Receive a state."""

    def final(self, step: int, state: State) -> None:
        """Receive the last state."""

    def close(self, status: str) -> None:
        """After everything else."""


class MemoryRecorder(NoRecorder):
    """Keeps everything but states, and gives it as a dataset."""

    def __init__(self, header: RunHeader) -> None:
        self._blocks: list[tuple[Steps, Stages, Rows]] = []
        self._tables = Tables.of(header.spec)
        self._header = header
        self._status = "running"

    def append(self, steps: Steps, stages: Stages, rows: Rows) -> None:
        """Receive the observables after some steps, and the stages that took them."""
        self._blocks.append((steps.copy(), stages.copy(), rows.copy()))

    def normalized(self, row: NormalizedRow, replica: int) -> None:
        """Receive the observables of the normalised matrices."""
        self._tables.normalize(row, replica)

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Receive the step at which a stage ended."""
        self._tables.stage_ended(end, replica)

    def replica_ended(self, replica: int, status: str) -> None:
        """Receive how a replica ended."""
        self._tables.ended(replica, status)

    def close(self, status: str) -> None:
        """After everything else."""
        self._status = status
        self._tables.close(status)

    def trajectory(self) -> Trajectory:
        """Return what was received."""
        header, columns, found = self._header, self._columns(), ""
        if self._status == "complete":
            found = diagnosis(header.plan, columns, len(columns["step"]))
        attributes = attributes_of(header) | ({"diagnosis": found} if found else {})
        first = header.spec.dynamics.replica
        columns = {name: column.T for name, column in columns.items()}
        return assemble(first, columns, self._tables, self._status, attributes)

    def _columns(self) -> dict[str, NDArray[Any]]:
        """Return what was appended, with steps along the first dimension."""
        steps, stages, rows = map(np.concatenate, zip(*self._blocks, strict=True))
        if len(self._tables.status) == 1:
            stages, rows = stages[:, 0], rows[:, 0]
        return {
            "step": steps,
            "stage": stages,
            **{name: rows[..., i] for i, name in enumerate(NAMES)},
        }
