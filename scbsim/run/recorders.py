"""Recorders: what becomes of a run's rows. The loop knows this contract and no recorder."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES
from scbsim.state import State
from scbsim.trajectory.diagnosis import diagnosis
from scbsim.trajectory.ensemble import EnsembleTables, assemble_ensemble
from scbsim.trajectory.header import RunHeader
from scbsim.trajectory.single import (
    NormalizedRow,
    StageEnd,
    Tables,
    Trajectory,
    assemble,
    attributes_of,
)

Steps = NDArray[np.int64]
Stages = int | NDArray[np.int64]
Rows = NDArray[np.float64]


class Recorder(Protocol):
    """Receives a run, in order; a single run is replica 0."""

    def append(self, steps: Steps, stage: Stages, rows: Rows) -> None:
        """Receive the observables after some steps, and the stages that took them.

        Shapes are (n,), (n,) and (n, 9); of an ensemble (n,), (n, R) and (n, R, 9).
        """
        ...

    def normalized(self, row: NormalizedRow, replica: int = 0) -> None:
        """Receive the observables of the normalised matrices."""
        ...

    def stage_ended(self, end: StageEnd, replica: int = 0) -> None:
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

    def append(self, steps: Steps, stage: Stages, rows: Rows) -> None:
        """Receive rows."""

    def normalized(self, row: NormalizedRow, replica: int = 0) -> None:
        """Receive the observables of the normalised matrices."""

    def stage_ended(self, end: StageEnd, replica: int = 0) -> None:
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
        self._blocks: list[tuple[Steps, Steps, Rows]] = []
        self._tables = Tables()
        self._header = header
        self._status = "running"

    def append(self, steps: Steps, stage: Stages, rows: Rows) -> None:
        """Receive the observables after some steps, and the stages that took them."""
        self._blocks.append((steps.copy(), np.array(stage), rows.copy()))

    def normalized(self, row: NormalizedRow, replica: int = 0) -> None:
        """Receive the observables of the normalised matrices."""
        self._tables.normalized.append(row)

    def stage_ended(self, end: StageEnd, replica: int = 0) -> None:
        """Receive the step at which a stage ended."""
        self._tables.stages.append(end)

    def close(self, status: str) -> None:
        """After everything else."""
        self._status = status

    def trajectory(self) -> Trajectory:
        """Return what was received."""
        columns = self._columns()
        return assemble(columns, self._tables, self._status, self._attributes(columns))

    def _attributes(self, columns: dict[str, NDArray[Any]]) -> dict[str, Any]:
        found = ""
        if self._status == "complete":
            rows = len(columns["step"])
            found = diagnosis(self._header.plan, columns, rows)
        return attributes_of(self._header) | ({"diagnosis": found} if found else {})

    def _columns(self) -> dict[str, NDArray[Any]]:
        """Return what was appended, with steps along the first dimension."""
        rows = np.concatenate([rows for _, _, rows in self._blocks])
        stages = [np.broadcast_to(stage, rows.shape[:-1]) for _, stage, rows in self._blocks]
        return {
            "step": np.concatenate([steps for steps, _, _ in self._blocks]),
            "stage": np.concatenate(stages),
            **{name: rows[..., i] for i, name in enumerate(NAMES)},
        }


class EnsembleMemory(MemoryRecorder):
    """Keeps everything of an ensemble."""

    def __init__(self, header: RunHeader) -> None:
        super().__init__(header)
        self._ensemble = EnsembleTables.of(header.spec)

    def normalized(self, row: NormalizedRow, replica: int = 0) -> None:
        """Receive the observables of the normalised matrices."""
        self._ensemble.normalize(row, replica)

    def stage_ended(self, end: StageEnd, replica: int = 0) -> None:
        """Receive the step at which a stage ended."""
        self._ensemble.stage_ended(end, replica)

    def replica_ended(self, replica: int, status: str) -> None:
        """Receive how a replica ended."""
        self._ensemble.ended(replica, status)

    def close(self, status: str) -> None:
        """After everything else."""
        super().close(status)
        self._ensemble.close(status)

    def trajectory(self) -> Trajectory:
        """Return what was received."""
        first, columns = self._header.spec.dynamics.replica, self._columns()
        attributes = self._attributes(columns)
        columns = {name: column.T for name, column in columns.items()}
        return assemble_ensemble(first, columns, self._ensemble, self._status, attributes)
