"""The recorder that streams a run into an HDF5 file, readable while it grows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.errors import RunFailed, RunWarning
from scbsim.observables import NAMES, STATUS_CODE
from scbsim.state import State
from scbsim.storage.hdf5.attributes import fill_room
from scbsim.storage.hdf5.write import GrowingFile, failing_whole
from scbsim.storage.runfile.schema import (
    DIAGNOSIS,
    FINAL,
    NORMALIZED,
    SNAPSHOTS,
    STAGES,
    TRAJECTORY,
)
from scbsim.storage.runfile.states import put, put_state
from scbsim.storage.runfile.table_writer import Cursors, TableWriter
from scbsim.trajectory.tables import NormalizedRow, StageEnd
from scbsim.util.disk_space import LEAST_ROOM, make_room

_FLUSH_SECONDS = 2.0


class FileRecorder:
    """Streams rows to a file: buffered, in whole chunks where it can, committed by a count.

    The file is in HDF5's single-writer, multiple-reader mode, so that it can be read while it
    grows. Rows count once `n_committed` says so: columns, flush, count, flush, in that order.

    A run that goes on from a checkpoint writes again what the file has beyond it. The count never
    falls, and what is written again is compared with what was there.

    Parameters
    ----------
    path : Path
    file : GrowingFile
    at : Cursors
        What the run has recorded.
    keeps_final : callable, optional
        Asked whether a last state is to be kept; always, unless given.
    diagnose : callable, optional
        Given the columns and the number of rows of a complete run, says what it did not learn.
    """

    def __init__(
        self,
        path: Path,
        file: GrowingFile,
        at: Cursors | None = None,
        keeps_final: Callable[[State], bool] | None = None,
        diagnose: Callable[[h5py.Group, int], str] | None = None,
    ) -> None:
        self.path = path
        self._diagnose = diagnose
        self._keeps_final = keeps_final or (lambda _: True)
        self._file = file
        self._at = at or Cursors()
        self._tables = TableWriter(file, self._at, self._writing)
        group = file[TRAJECTORY]
        self._columns = [group[name] for name in ("step", "stage", *NAMES)]
        self._committed = int(group["n_committed"][()])
        size = self._columns[0].chunks[0]
        self._buffers = [
            np.empty((size, *column.shape[1:]), column.dtype) for column in self._columns
        ]
        self._buffered = 0
        self._flushed_at = monotonic()
        self._failed = False
        self._differs = False

    def cursors(self) -> Cursors:
        """Return what is recorded, flushed or not."""
        return Cursors(**{**vars(self._at), "rows": self._at.rows + self._buffered})

    def append(
        self,
        steps: NDArray[np.int64],
        stages: NDArray[np.int64],
        rows: NDArray[np.float64],
    ) -> None:
        """Receive the observables after some steps, and the stages that took them."""
        stages = stages.reshape(len(steps), *self._buffers[1].shape[1:])
        rows = rows.reshape(*stages.shape, len(NAMES))
        done = 0
        size = len(self._buffers[0])
        while done < len(steps):
            n = min(len(steps) - done, size - self._buffered)
            here = slice(self._buffered, self._buffered + n)
            self._buffers[0][here] = steps[done : done + n]
            self._buffers[1][here] = stages[done : done + n]
            for i, buffer in enumerate(self._buffers[2:]):
                buffer[here] = rows[done : done + n, ..., i]
            self._buffered += n
            done += n
            if self._buffered == size:
                self.flush()
        if monotonic() - self._flushed_at > _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered, then say that it is there."""
        begin, total = self._at.rows, self._at.rows + self._buffered
        with self._writing(sum(buffer.nbytes for buffer in self._buffers)):
            self._compare(begin, min(self._committed, total))
            for column, buffer in zip(self._columns, self._buffers, strict=True):
                if len(column) < total:
                    column.resize(total, axis=0)
                column[begin:total] = buffer[: self._buffered]
            self._tables.put()
            self._file.flush()
            counted = self._tables.count()
            if total > self._committed:
                self._file[TRAJECTORY]["n_committed"][()] = total
                counted = True
            if counted:
                self._file.flush()
            self._tables.say_who_ended()
        self._committed = max(self._committed, total)
        self._at.rows, self._buffered = total, 0
        self._flushed_at = monotonic()

    def _compare(self, begin: int, end: int) -> None:
        """Warn, once, if rows that the file has come out otherwise when computed again."""
        if begin >= end or self._differs:
            return
        self._differs = any(
            column[begin:end].tobytes() != buffer[: end - begin].tobytes()
            for column, buffer in zip(self._columns, self._buffers, strict=True)
        )
        if self._differs:
            warnings.warn(
                f"{self.path}: rows computed again after the checkpoint differ from those on file "
                f"(from row {begin} on): another CPU or another version, or a fault; the new ones "
                "are kept",
                RunWarning,
                stacklevel=2,
            )

    def normalized(self, row: NormalizedRow, replica: int) -> None:
        """Receive the observables of the normalised matrices."""
        self._tables.normalize(row, replica)

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Receive the step at which a stage ended."""
        self._tables.stage_ended(end, replica)

    def replica_ended(self, replica: int, status: str) -> None:
        """Receive how a replica ended."""
        self._tables.ended(replica, status)

    def snapshot(self, step: int, state: State) -> None:
        """Receive a state to keep."""
        self._put_state(SNAPSHOTS, self._at.snapshots, step, state)
        self._at.snapshots += 1

    def final(self, step: int, state: State) -> None:
        """Receive the last state; kept if there is a place for it and it is not too large."""
        if FINAL in self._file and self._keeps_final(state):
            self._put_state(FINAL, 0, step, state)

    def _put_state(self, name: str, i: int, step: int, state: State) -> None:
        group = self._file[name]
        with self._writing(sum(array.nbytes for array in state.values())):
            put_state(group, i, state)
            self._file.flush()
            # The step comes last: a state counts once its step is there.
            put(group["step"], i, step)
            self._file.flush()

    def close(self, status: str) -> None:
        """Write what is left and how the run and its replicas ended, and see it onto the disk."""
        self._tables.close(status)
        try:
            if not self._failed:
                self.flush()
                with self._writing():
                    if status == "complete":
                        self._put_diagnosis()
                    self._file[TRAJECTORY]["status"][()] = STATUS_CODE[status]
                    self._file.finish()
        finally:
            self._file.close()

    def _put_diagnosis(self) -> None:
        group = self._file[TRAJECTORY]
        attributes = group["status"].attrs
        # Files of older versions have no room for it.
        if self._diagnose and DIAGNOSIS in attributes:
            fill_room(attributes, DIAGNOSIS, self._diagnose(group, self._at.rows))

    @contextmanager
    def _writing(self, size: int = 0) -> Iterator[None]:
        """Around every write: an error is the end of the file for this process."""
        try:
            with failing_whole(self.path, self._file):
                self._file.check()
                make_room(self.path, self._file.handle, LEAST_ROOM + size)
                yield
        except RunFailed:
            self._failed = True
            raise


def forget_end(file: h5py.File, at: Cursors, every: int) -> None:
    """Take out of a file, open for a writer alone, what it has only because the run ended.

    An ensemble that ended is not taken further, so its file has nothing of that kind.
    """
    group = file[TRAJECTORY]
    group["status"][()] = STATUS_CODE["stopped"]
    if DIAGNOSIS in group["status"].attrs:
        fill_room(group["status"].attrs, DIAGNOSIS, "")
    if "replica" in group:
        return
    n = int(group["n_committed"][()])
    if n and group["step"][n - 1] % every:
        group["n_committed"][()] = n - 1
    for name, length in ((NORMALIZED, at.normalized), (STAGES, at.stages), (FINAL, 0)):
        for data in file[name].values() if name in file else ():
            data.resize(min(length, len(data)), axis=0)
