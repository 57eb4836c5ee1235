"""Recorders: what becomes of a run's rows. The loop knows this contract and no recorder."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES
from scbsim.progress import Progress
from scbsim.run_header import RunHeader
from scbsim.trajectory import NormalizedRow, StageEnd, Tables, Trajectory, dataset

Steps = NDArray[np.int64]
Rows = NDArray[np.float64]


class Recorder(Protocol):
    """Receives a run, in order."""

    def open(self, header: RunHeader) -> None:
        """Before anything else."""
        ...

    def append(self, steps: Steps, stage: int, rows: Rows) -> None:
        """Receive the observables after some steps of one stage: (n,) and (n, 9)."""
        ...

    def normalized(self, row: NormalizedRow) -> None:
        """Receive the observables of the normalised matrices."""
        ...

    def stage_ended(self, end: StageEnd) -> None:
        """Receive the step at which a stage ended."""
        ...

    def close(self, status: str) -> None:
        """After everything else, whatever happened; a status of `scbsim.observables.STATUS`."""
        ...


class MemoryRecorder:
    """Keeps everything, and gives it as a dataset."""

    def __init__(self) -> None:
        self._blocks: list[tuple[Steps, int, Rows]] = []
        self._tables = Tables()
        self._header: RunHeader | None = None
        self._status = "running"

    def open(self, header: RunHeader) -> None:
        """Before anything else."""
        self._header = header

    def append(self, steps: Steps, stage: int, rows: Rows) -> None:
        """Receive the observables after some steps of one stage."""
        self._blocks.append((steps.copy(), stage, rows.copy()))

    def normalized(self, row: NormalizedRow) -> None:
        """Receive the observables of the normalised matrices."""
        self._tables.normalized.append(row)

    def stage_ended(self, end: StageEnd) -> None:
        """Receive the step at which a stage ended."""
        self._tables.stages.append(end)

    def close(self, status: str) -> None:
        """After everything else."""
        self._status = status

    def trajectory(self) -> Trajectory:
        """Return what was received."""
        if self._header is None:
            raise RuntimeError("nothing was recorded")
        steps = np.concatenate([steps for steps, _, _ in self._blocks])
        stages = np.concatenate([np.full(len(s), stage) for s, stage, _ in self._blocks])
        rows = np.concatenate([rows for _, _, rows in self._blocks])
        return dataset(self._header, steps, stages, rows, self._tables, self._status)


class ProgressRecorder:
    """Shows how far the run is."""

    def __init__(self, progress: Progress, label: str) -> None:
        self._progress = progress
        self._label = label

    def open(self, header: RunHeader) -> None:
        """Before anything else."""
        self._progress.start(self._label)

    def append(self, steps: Steps, stage: int, rows: Rows) -> None:
        """Receive the observables after some steps of one stage."""
        last = dict(zip(NAMES, rows[-1].tolist(), strict=True))
        self._progress.update(int(steps[-1]), stage, last)

    def normalized(self, row: NormalizedRow) -> None:
        """Receive the observables of the normalised matrices, which are not shown."""

    def stage_ended(self, end: StageEnd) -> None:
        """Receive the step at which a stage ended, which is not shown."""

    def close(self, status: str) -> None:
        """After everything else."""
        self._progress.close(status)
