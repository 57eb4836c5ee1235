"""Writing the small tables of a run: columns by replica for an ensemble, lists for a single run.

Tables of an ensemble have a fixed size, so that a resumed run writes the same numbers to the same
entries, in whatever order its replicas reach them. They are written together with the rows: data,
flush, then the steps (which commit the data) together with the count of rows, flush, and then how
replicas ended. An entry of a list is written at once, at the index given by a cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from scbsim.observables import FINISHED, STATUS_CODE, names_of_row
from scbsim.storage.runfile.schema import NORMALIZED, REASONS, REPLICA_STATUS, STAGES, TRAJECTORY
from scbsim.storage.runfile.states import put
from scbsim.storage.runfile.tables import is_ensemble, observables_of, read_tables
from scbsim.trajectory.tables import COUNTS, NormalizedRow, StageEnd, Tables


@dataclass
class Cursors:
    """Number of entries of each kind that a run has recorded."""

    rows: int = 0
    normalized: int = 0
    stages: int = 0
    snapshots: int = 0
    observed: dict[str, int] = field(default_factory=dict)  # by dimension

    def facts(self) -> dict[str, Any]:
        """Return them in types of JSON, as earlier versions do unless there is something new."""
        return {name: value for name, value in vars(self).items() if name != "observed" or value}


class TableWriter:
    """Writes the tables.

    Every list entry advances ``at``; ``writing`` returns the context of a write.
    """

    def __init__(
        self, file: h5py.File, at: Cursors, writing: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._file, self._at, self._writing = file, at, writing
        self._ensemble = is_ensemble(file)
        self._tables = read_tables(file, observables_of(file)) if self._ensemble else Tables(1, [])
        # Replicas ended by a stop or a failure continue. Replicas that finished after the
        # checkpoint will finish again in the same way, so their status stays.
        self._tables.status[~np.isin(self._tables.status, FINISHED)] = STATUS_CODE["running"]
        self._new_rows, self._new_status = False, self._ensemble

    def normalize(self, row: NormalizedRow, replica: int) -> None:
        """Record the observables of the normalised matrices."""
        if self._ensemble:
            self._tables.normalize(row, replica)
            self._new_rows = True
            return
        entry = {name: getattr(row, name) for name in COUNTS}
        values = dict(zip(names_of_row(row.row), row.row, strict=True))
        self._enter(NORMALIZED, self._at.normalized, entry | values)
        self._at.normalized += 1

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Record the step at which a stage ended."""
        if self._ensemble:
            self._tables.stage_ended(end, replica)
            self._new_rows = True
            return
        reason = REASONS.index(end.reason)
        entry = {"stage": end.stage, "end_step": end.step, "reason": reason}
        self._enter(STAGES, self._at.stages, entry)
        self._at.stages += 1

    def _enter(self, table: str, i: int, entry: Mapping[str, float]) -> None:
        with self._writing():
            for name, value in entry.items():
                put(self._file[table][name], i, value)

    def ended(self, replica: int, status: str) -> None:
        """Record how a replica ended."""
        self._tables.ended(replica, status)
        self._new_status = self._ensemble

    def close(self, status: str) -> None:
        """Record how the run ended."""
        self._tables.close(status)
        self._new_status = self._ensemble

    def write(self) -> None:
        """Write new data, without the steps that commit it."""
        if self._new_rows:
            for name, table in self._tables.normalized.items():
                if name != "step":
                    self._file[NORMALIZED][name][...] = table
            self._file[STAGES]["reason"][...] = self._tables.stages["reason"]

    def commit(self) -> bool:
        """Write the steps that commit new data; return whether there was any."""
        if not self._new_rows:
            return False
        self._file[NORMALIZED]["step"][...] = self._tables.normalized["step"]
        self._file[STAGES]["end_step"][...] = self._tables.stages["end_step"]
        self._new_rows = False
        return True

    def write_status(self) -> None:
        """Write how replicas ended, after their rows are committed."""
        if self._new_status:
            self._file[TRAJECTORY][REPLICA_STATUS][...] = self._tables.status
            self._file.flush()
            self._new_status = False
