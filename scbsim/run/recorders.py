"""Recorders, which receive the rows of a run. The loop knows only the protocol."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from scbsim.state import State
from scbsim.trajectory.dataset import LAST_STATE, LastState, Trajectory, assemble, attributes_of
from scbsim.trajectory.diagnosis import diagnosis
from scbsim.trajectory.header import RunHeader
from scbsim.trajectory.own_rows import OwnRows, Values
from scbsim.trajectory.tables import NormalizedRow, StageEnd, Tables

Steps = NDArray[np.int64]
Stages = NDArray[np.int64]
Rows = NDArray[np.float64]


class Recorder(Protocol):
    """Receives the results of a run, in order; a single run is replica 0."""

    # The explicit returns make the methods concrete, so that NoRecorder inherits them.

    def append(self, steps: Steps, stages: Stages, rows: Rows) -> None:
        """Receive steps (n,), their stages (n, R) and observables (n, R, 9)."""
        return

    def observed(self, step: int, values: Values) -> None:
        """Receive values of a user's own observables, before the other observables of the step."""
        return

    def observable_failed(self, what: str) -> None:
        """Receive which of a user's functions failed and when, which ends the run."""
        return

    def normalized(self, row: NormalizedRow, replica: int) -> None:
        """Receive the observables of the normalised matrices."""
        return

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Receive the step at which a stage ended."""
        return

    def replica_ended(self, replica: int, status: str) -> None:
        """Receive ``complete`` or ``diverged``, after all results of the replica."""
        return

    def snapshot(self, step: int, state: State) -> None:
        """Receive a state to record; its arrays change afterwards."""
        return

    def final(self, step: int, state: State) -> None:
        """Receive the last state."""
        return

    def close(self, status: str) -> None:
        """Receive the status of the run, of `scbsim.observables.STATUS`, at its very end."""
        return


class NoRecorder(Recorder):
    """Records nothing: the methods of :class:`Recorder` do nothing."""


class MemoryRecorder(NoRecorder):
    """Records everything but snapshots, in memory."""

    def __init__(self, header: RunHeader) -> None:
        self._blocks: list[tuple[Steps, Stages, Rows]] = []
        self._own = OwnRows(header.observed)
        self._long_names = {each.name: each.long_name for each in header.observables}
        self._tables = Tables.of(header.spec, tuple(self._long_names))
        self._header = header
        self._status = "running"
        self._last: LastState | None = None

    def append(self, steps: Steps, stages: Stages, rows: Rows) -> None:
        """Receive steps, stages and observables."""
        self._blocks.append((steps.copy(), stages.copy(), rows.copy()))

    def observed(self, step: int, values: Values) -> None:
        """Receive values of a user's own observables."""
        self._own.add(step, values)

    def normalized(self, row: NormalizedRow, replica: int) -> None:
        """Receive the observables of the normalised matrices."""
        self._tables.normalize(row, replica)

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Receive the step at which a stage ended."""
        self._tables.stage_ended(end, replica)

    def replica_ended(self, replica: int, status: str) -> None:
        """Receive how a replica ended."""
        self._tables.ended(replica, status)

    def final(self, step: int, state: State) -> None:
        """Receive the last state, and keep a copy if the spec says so."""
        # With "auto", which a file takes, a thousand runs in memory would be too large.
        if self._header.spec.output.final_state is True:
            copies = {name: array.copy() for name, array in state.items()}
            self._last = LastState(step, copies, self._header.task)

    def close(self, status: str) -> None:
        """Receive the status of the run."""
        self._status = status
        self._tables.close(status)

    def trajectory(self) -> Trajectory:
        """Return the dataset of all that was received."""
        header, columns, said = self._header, self._columns(), ""
        if self._status == "complete":
            said = diagnosis(header.plan, columns, len(columns["step"]))
        attributes = attributes_of(header) | ({"diagnosis": said} if said else {})
        first = header.spec.dynamics.replica
        columns = {name: column.T for name, column in columns.items()}
        own, names = (header.observed, self._own.tables()), self._long_names
        found = assemble(first, names, columns, self._tables, self._status, attributes, own)
        if self._last is not None:
            # Not an attribute: the dataset can still be saved as NetCDF.
            found.encoding[LAST_STATE] = self._last
        return found

    def _columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns, with steps along the first dimension."""
        steps, stages, rows = map(np.concatenate, zip(*self._blocks, strict=True))
        if len(self._tables.status) == 1:
            stages, rows = stages[:, 0], rows[:, 0]
        return {
            "step": steps,
            "stage": stages,
            **{name: rows[..., i] for i, name in enumerate(self._long_names)},
        }
