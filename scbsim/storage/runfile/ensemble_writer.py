"""What the file of an ensemble has that of a run has not: a dimension, and tables by replica.

The tables are of fixed size and filled in, so that a run that goes on from a checkpoint writes the
same numbers into the same places, in whatever order its replicas come to them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from scbsim.observables import FINISHED, OBSERVABLES, STATUS_CODE
from scbsim.spec import RunSpec
from scbsim.storage.hdf5.attributes import put_text
from scbsim.storage.hdf5.dimensions import name_dimensions
from scbsim.storage.runfile.schema import NORMALIZED, REASONS, STAGES, TRAJECTORY
from scbsim.storage.runfile.tables import read_tables
from scbsim.storage.runfile.writer import Cursors, FileRecorder
from scbsim.trajectory.tables import NormalizedRow, StageEnd, Tables

REPLICA, REPLICA_STATUS = "replica", "replica_status"


def make_replicas(group: h5py.Group, spec: RunSpec) -> h5py.Dataset:
    """Make the dimension in `/trajectory` and the status of each replica; return the first."""
    first, R = spec.dynamics.replica, spec.dynamics.replicas
    replica = group.create_dataset(REPLICA, data=np.arange(first, first + R))
    put_text(replica.attrs, long_name="index of the noise stream")
    replica.make_scale(REPLICA)
    status = group.create_dataset(REPLICA_STATUS, data=Tables.of(spec).status)
    put_text(status.attrs, long_name="how the replica ended")
    status.dims[0].attach_scale(replica)
    return replica


def make_ensemble_tables(file: h5py.File, spec: RunSpec) -> None:
    """Make `/normalized` and `/stages`, with nothing in them."""
    tables = Tables.of(spec)
    words = {o.name: o.long_name for o in OBSERVABLES}
    group = file.create_group(NORMALIZED)
    for name, table in tables.normalized.items():
        data = group.create_dataset(name, data=table)
        name_dimensions(file, data, ("normalization", REPLICA))
        if name in words:
            put_text(data.attrs, long_name=words[name])
    group = file.create_group(STAGES)
    put_text(group.attrs, reasons=json.dumps(REASONS))
    for name, table in tables.stages.items():
        data = group.create_dataset(name, data=table)
        name_dimensions(file, data, ("stage_index", REPLICA))


class EnsembleRecorder(FileRecorder):
    """Streams an ensemble to a file. Parameters as :class:`FileRecorder`.

    What goes to the tables waits for the rows: data, flush, the steps that say it is there with the
    count of rows, flush, and then how replicas ended.
    """

    def __init__(
        self, path: Path, file: h5py.File, at: Cursors | None = None, **options: Any
    ) -> None:
        super().__init__(path, file, at, **options)
        self._tables = read_tables(file)
        # Replicas that a stop or a failure ended go on. Those that ended after the checkpoint
        # will do so again, and what the file says of them stays true.
        self._tables.status[~np.isin(self._tables.status, FINISHED)] = STATUS_CODE["running"]
        self._new_rows, self._new_status = False, True

    def normalized(self, row: NormalizedRow, replica: int) -> None:
        """Receive the observables of the normalised matrices."""
        self._tables.normalize(row, replica)
        self._new_rows = True

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Receive the step at which a stage ended."""
        self._tables.stage_ended(end, replica)
        self._new_rows = True

    def replica_ended(self, replica: int, status: str) -> None:
        """Receive how a replica ended."""
        self._tables.ended(replica, status)
        self._new_status = True

    def close(self, status: str) -> None:
        """Write what is left and how the run and its replicas ended, and see it onto the disk."""
        self._tables.close(status)
        self._new_status = True
        super().close(status)

    def _put_tables(self) -> None:
        if self._new_rows:
            for name, table in self._tables.normalized.items():
                if name != "step":
                    self._file[NORMALIZED][name][...] = table
            self._file[STAGES]["reason"][...] = self._tables.stages["reason"]

    def _count_tables(self) -> bool:
        if not self._new_rows:
            return False
        self._file[NORMALIZED]["step"][...] = self._tables.normalized["step"]
        self._file[STAGES]["end_step"][...] = self._tables.stages["end_step"]
        self._new_rows = False
        return True

    def _say_who_ended(self) -> None:
        if self._new_status:
            self._file[TRAJECTORY][REPLICA_STATUS][...] = self._tables.status
            self._file.flush()
            self._new_status = False
