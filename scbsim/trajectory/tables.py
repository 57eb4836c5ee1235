"""The small tables of a run: the ends of its stages, and the normalised observables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES, STATUS_CODE
from scbsim.spec import RunSpec

REASONS = ("steps", "signal", "diverged", "data")
"""Why a stage ended; the file has the index."""

COUNTS = ("step", "stage", "count")


class StageEnd(NamedTuple):
    """The step at which a stage ended, and one of :data:`REASONS`."""

    stage: int
    step: int
    reason: str


@dataclass(frozen=True)
class NormalizedRow:
    """Observables of the normalised matrices after a step."""

    step: int
    stage: int
    count: int  # columns in which nothing stood out
    row: NDArray[np.float64]  # (9,), in the order of `scbsim.observables.OBSERVABLES`
    final: bool = False  # whether they are of a copy of the last state


class Tables:
    """The tables, with a column per replica; a single run has one.

    Parameters
    ----------
    R : int
        Number of replicas.
    normalizes : sequence of bool
        Whether each stage normalises at its end.
    along : bool
        Whether copies are normalised along the run.

    Attributes
    ----------
    stages : dict of (S, R) int64
        ``end_step`` and ``reason`` of each stage; -1 if it has not ended.
    normalized : dict of (M, R) int64 and float64
        ``step``, ``stage``, ``count`` and the observables of each normalisation: of each stage that
        normalises, then of the last state. With copies along the run, in order of time. -1 and NaN
        if there was none.
    status : (R,) int64
        Codes of `scbsim.observables.STATUS`.
    """

    def __init__(
        self,
        R: int,
        normalizes: Sequence[bool],
        along: bool = False,
        observables: Sequence[str] = NAMES,
    ) -> None:
        self.observables = tuple(observables)
        normalizing = [stage for stage, does in enumerate(normalizes) if does]
        self._slot = {stage: slot for slot, stage in enumerate(normalizing)}
        self._next = 0 if along else None
        S, M = len(normalizes), len(normalizing) + 1
        self.stages = {name: np.full((S, R), -1) for name in ("end_step", "reason")}
        self.normalized: dict[str, NDArray[Any]] = {name: np.full((M, R), -1) for name in COUNTS}
        self.normalized |= {name: np.full((M, R), np.nan) for name in observables}
        self.status = np.full(R, STATUS_CODE["running"])

    @classmethod
    def of(cls, spec: RunSpec, observables: Sequence[str] = NAMES) -> Tables:
        """Return the tables of a run before its first step."""
        normalizes = [stage.normalize_level is not None for stage in spec.stage]
        along = spec.output.normalized_every > 0
        return cls(spec.dynamics.replicas, normalizes, along, observables)

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Receive the step at which a stage of a replica ended."""
        self.stages["end_step"][end.stage, replica] = end.step
        self.stages["reason"][end.stage, replica] = REASONS.index(end.reason)

    def normalize(self, row: NormalizedRow, replica: int) -> None:
        """Receive the observables of the normalised matrices of a replica."""
        if self._next is None:
            slot = -1 if row.final else self._slot[row.stage]
        else:
            slot, self._next = self._next, self._next + 1
            self._grow(self._next)
        values = (row.step, row.stage, row.count, *row.row)
        for table, value in zip(self.normalized.values(), values, strict=True):
            table[slot, replica] = value

    def _grow(self, rows: int) -> None:
        present = len(self.normalized["step"])
        if present < rows:
            for name, table in self.normalized.items():
                empty = -1 if name in COUNTS else np.nan
                more = ((0, present), (0, 0))
                self.normalized[name] = np.pad(table, more, constant_values=empty)

    def ended(self, replica: int, status: str) -> None:
        """Receive how a replica ended."""
        self.status[replica] = STATUS_CODE[status]

    def close(self, status: str) -> None:
        """Receive how the run, and the replicas that had not ended before, ended."""
        self.status[self.status == STATUS_CODE["running"]] = STATUS_CODE[status]


def filled_rows(table: NDArray[np.int64]) -> int:
    """Return the number of rows up to the last one in which any replica has an entry."""
    rows = np.flatnonzero((table >= 0).any(axis=1))
    return int(rows[-1]) + 1 if len(rows) else 0
