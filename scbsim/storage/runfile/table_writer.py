"""Writing the small tables of a run: a column for each replica, or lists of a single one.

Columns are of fixed size and filled in, so that a run that goes on from a checkpoint writes the
same numbers into the same places, in whatever order its replicas come to them. They wait for the
rows: data, flush, the steps that say it is there with the count of rows, flush, and then how
replicas ended. An entry of a list is written as it comes, at the place that a cursor says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import h5py
import numpy as np

from scbsim.observables import FINISHED, NAMES, STATUS_CODE
from scbsim.storage.runfile.schema import NORMALIZED, REASONS, REPLICA_STATUS, STAGES, TRAJECTORY
from scbsim.storage.runfile.states import put
from scbsim.storage.runfile.tables import is_ensemble, read_tables
from scbsim.trajectory.tables import COUNTS, NormalizedRow, StageEnd, Tables


@dataclass
class Cursors:
    """How many entries of each kind a run has recorded."""

    rows: int = 0
    normalized: int = 0
    stages: int = 0
    snapshots: int = 0


class TableWriter:
    """Writes the tables.

    Parameters
    ----------
    file : h5py.File
    at : Cursors
        Moved on with every entry of a list.
    writing : callable
        Gives the context of a write.
    """

    def __init__(
        self, file: h5py.File, at: Cursors, writing: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._file, self._at, self._writing = file, at, writing
        self._ensemble = is_ensemble(file)
        self._tables = read_tables(file) if self._ensemble else Tables(1, [])
        # Replicas that a stop or a failure ended go on. Those that ended after the checkpoint
        # will do so again, and what the file says of them stays true.
        self._tables.status[~np.isin(self._tables.status, FINISHED)] = STATUS_CODE["running"]
        self._new_rows, self._new_status = False, self._ensemble

    def normalize(self, row: NormalizedRow, replica: int) -> None:
        """Receive the observables of the normalised matrices."""
        if self._ensemble:
            self._tables.normalize(row, replica)
            self._new_rows = True
            return
        counts = {name: getattr(row, name) for name in COUNTS}
        self._enter(
            NORMALIZED, self._at.normalized, counts | dict(zip(NAMES, row.row, strict=True))
        )
        self._at.normalized += 1

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Receive the step at which a stage ended."""
        if self._ensemble:
            self._tables.stage_ended(end, replica)
            self._new_rows = True
            return
        reason = REASONS.index(end.reason)
        entry = {"stage": end.stage, "end_step": end.step, "reason": reason}
        self._enter(STAGES, self._at.stages, entry)
        self._at.stages += 1

    def _enter(self, place: str, i: int, entry: Mapping[str, float]) -> None:
        with self._writing():
            for name, value in entry.items():
                put(self._file[place][name], i, value)

    def ended(self, replica: int, status: str) -> None:
        """Receive how a replica ended, which of a single one is how the run does."""
        self._tables.ended(replica, status)
        self._new_status = self._ensemble

    def close(self, status: str) -> None:
        """Receive how the run ended."""
        self._tables.close(status)
        self._new_status = self._ensemble

    def put(self) -> None:
        """Write what there is, but what says that it is there."""
        if self._new_rows:
            for name, table in self._tables.normalized.items():
                if name != "step":
                    self._file[NORMALIZED][name][...] = table
            self._file[STAGES]["reason"][...] = self._tables.stages["reason"]

    def count(self) -> bool:
        """Write what says so; return whether there was anything to say."""
        if not self._new_rows:
            return False
        self._file[NORMALIZED]["step"][...] = self._tables.normalized["step"]
        self._file[STAGES]["end_step"][...] = self._tables.stages["end_step"]
        self._new_rows = False
        return True

    def say_who_ended(self) -> None:
        """Write how replicas ended, once their rows count."""
        if self._new_status:
            self._file[TRAJECTORY][REPLICA_STATUS][...] = self._tables.status
            self._file.flush()
            self._new_status = False
