"""Recorders: what becomes of a run's rows. The loop knows this contract and no recorder."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scbsim.run_header import RunHeader
from scbsim.state import State
from scbsim.trajectory import NormalizedRow, StageEnd, Tables, Trajectory, dataset

Steps = NDArray[np.int64]
Rows = NDArray[np.float64]


class Recorder(Protocol):
    """Receives a run, in order."""

    def append(self, steps: Steps, stage: int, rows: Rows) -> None:
        """Receive the observables after some steps of one stage: (n,) and (n, 9)."""
        ...

    def normalized(self, row: NormalizedRow) -> None:
        """Receive the observables of the normalised matrices."""
        ...

    def stage_ended(self, end: StageEnd) -> None:
        """Receive the step at which a stage ended."""
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


class MemoryRecorder:
    """Keeps everything, and gives it as a dataset."""

    def __init__(self, header: RunHeader) -> None:
        self._blocks: list[tuple[Steps, int, Rows]] = []
        self._tables = Tables()
        self._header = header
        self._status = "running"

    def append(self, steps: Steps, stage: int, rows: Rows) -> None:
        """Receive the observables after some steps of one stage."""
        self._blocks.append((steps.copy(), stage, rows.copy()))

    def normalized(self, row: NormalizedRow) -> None:
        """Receive the observables of the normalised matrices."""
        self._tables.normalized.append(row)

    def stage_ended(self, end: StageEnd) -> None:
        """Receive the step at which a stage ended."""
        self._tables.stages.append(end)

    def snapshot(self, step: int, state: State) -> None:
        """Receive a state, which is for files."""

    def final(self, step: int, state: State) -> None:
        """Receive the last state, which is for files."""

    def close(self, status: str) -> None:
        """After everything else."""
        self._status = status

    def trajectory(self) -> Trajectory:
        """Return what was received."""
        steps = np.concatenate([steps for steps, _, _ in self._blocks])
        stages = np.concatenate([np.full(len(s), stage) for s, stage, _ in self._blocks])
        rows = np.concatenate([rows for _, _, rows in self._blocks])
        return dataset(self._header, steps, stages, rows, self._tables, self._status)
