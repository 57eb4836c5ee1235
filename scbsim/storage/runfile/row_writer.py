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
from scbsim.observables import BATCH_LOSS, NAMES, STATUS_CODE
from scbsim.state import State
from scbsim.storage.hdf5.attributes import fill_text
from scbsim.storage.hdf5.write import GrowingFile, closing_on_failure
from scbsim.storage.runfile import schema
from scbsim.storage.runfile.observed import (
    ObservedWriter,
    forget_observed,
    put_failed_observable,
)
from scbsim.storage.runfile.states import put, put_state
from scbsim.storage.runfile.table_writer import Cursors, TableWriter
from scbsim.trajectory.own_rows import Values
from scbsim.trajectory.tables import NormalizedRow, StageEnd
from scbsim.util.disk_space import LEAST_ROOM, make_room

_FLUSH_SECONDS = 2.0


class FileRecorder:
    """Streams rows to a file: buffered, in whole chunks where possible, committed by a count.

    The file is in HDF5's single-writer, multiple-reader mode, so that it can be read while it
    grows. Rows count once `n_committed` includes them. The order of writes is: columns, flush,
    count, flush.

    A run that resumes from a checkpoint writes again the rows that the file has beyond it. The
    count never falls, and rows written again are compared with those on file.

    Parameters
    ----------
    path : Path
    file : GrowingFile
    at : Cursors
        What the run has recorded so far.
    keeps_final : callable, optional
        Returns whether to keep a last state; by default always.
    diagnose : callable, optional
        Returns what a complete run did not learn, given its columns and number of rows.
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
        self._own = ObservedWriter(file, self._at.observed)
        group = file[schema.TRAJECTORY]
        names = [*NAMES, *([BATCH_LOSS.name] if BATCH_LOSS.name in group else [])]
        self._columns = [group[name] for name in ("step", "stage", *names)]
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
        own = {"rows": self._at.rows + self._buffered, "observed": self._own.cursors()}
        return Cursors(**{**vars(self._at), **own})

    def observed(self, step: int, values: Values) -> None:
        """Record values of a user's own observables."""
        self._own.add(step, values)
        if monotonic() - self._flushed_at > _FLUSH_SECONDS:
            self.flush()

    def append(
        self, steps: NDArray[np.int64], stages: NDArray[np.int64], rows: NDArray[np.float64]
    ) -> None:
        """Record the observables after some steps, and the stages that took them."""
        stages = stages.reshape(len(steps), *self._buffers[1].shape[1:])
        rows = rows.reshape(*stages.shape, len(self._columns) - 2)
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

    def observable_failed(self, what: str) -> None:
        """Record which of a user's functions ended the run, and when."""
        with self._writing():
            put_failed_observable(self._file, what)

    def flush(self) -> None:
        """Write the buffered rows, then commit them."""
        begin, total = self._at.rows, self._at.rows + self._buffered
        own = self._own.nbytes()
        with self._writing(own + sum(buffer.nbytes for buffer in self._buffers)):
            self._own.write()
            self._compare(begin, min(self._committed, total))
            for column, buffer in zip(self._columns, self._buffers, strict=True):
                if len(column) < total:
                    column.resize(total, axis=0)
                column[begin:total] = buffer[: self._buffered]
            self._tables.write()
            self._file.flush()
            if self._own.commit():
                # The count is written at once, and no row may count without these values.
                self._file.flush()
            counted = self._tables.commit()
            if total > self._committed:
                self._file[schema.TRAJECTORY]["n_committed"][()] = total
                counted = True
            if counted:
                self._file.flush()
            self._tables.write_status()
        self._committed = max(self._committed, total)
        self._at.rows, self._buffered = total, 0
        self._flushed_at = monotonic()

    def _compare(self, begin: int, end: int) -> None:
        """Warn, once, if rows computed again differ from those on file."""
        if self._differs:
            return
        self._differs = self._own.differs or any(
            column[begin:end].tobytes() != buffer[: end - begin].tobytes()
            for column, buffer in zip(self._columns, self._buffers, strict=True)
            if begin < end
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
        """Record the observables of the normalised matrices."""
        self._tables.normalize(row, replica)

    def stage_ended(self, end: StageEnd, replica: int) -> None:
        """Record the step at which a stage ended."""
        self._tables.stage_ended(end, replica)

    def replica_ended(self, replica: int, status: str) -> None:
        """Record how a replica ended."""
        self._tables.ended(replica, status)

    def snapshot(self, step: int, state: State) -> None:
        """Write a snapshot."""
        self._put_state(schema.SNAPSHOTS, self._at.snapshots, step, state)
        self._at.snapshots += 1

    def final(self, step: int, state: State) -> None:
        """Write the last state, if the file has a group for it and it is not too large."""
        if schema.FINAL in self._file and self._keeps_final(state):
            self._put_state(schema.FINAL, 0, step, state)

    def _put_state(self, name: str, i: int, step: int, state: State) -> None:
        group = self._file[name]
        with self._writing(sum(array.nbytes for array in state.values())):
            put_state(group, i, state)
            self._file.flush()
            # The step comes last: a state counts once its step is on file.
            put(group["step"], i, step)
            self._file.flush()

    def close(self, status: str) -> None:
        """Write what is buffered and how the run and its replicas ended, and fsync the file."""
        self._tables.close(status)
        try:
            if not self._failed:
                self.flush()
                with self._writing():
                    if status == "complete":
                        self._put_diagnosis()
                    self._file[schema.TRAJECTORY]["status"][()] = STATUS_CODE[status]
                    self._file.finish()
        finally:
            self._file.close()

    def _put_diagnosis(self) -> None:
        group = self._file[schema.TRAJECTORY]
        attributes = group["status"].attrs
        # Files of older versions lack the attribute, and a growing file cannot get new ones.
        if self._diagnose and schema.DIAGNOSIS in attributes:
            fill_text(attributes, schema.DIAGNOSIS, self._diagnose(group, self._at.rows))

    @contextmanager
    def _writing(self, size: int = 0) -> Iterator[None]:
        """Context of every write: after an error this process writes nothing more to the file."""
        try:
            with closing_on_failure(self.path, self._file):
                self._file.check()
                make_room(self.path, self._file.handle, LEAST_ROOM + size)
                yield
        except RunFailed:
            self._failed = True
            raise


def forget_end(file: h5py.File, at: Cursors, every: int) -> None:
    """Remove from a file, open for writing only, what it has only because its run ended.

    A complete ensemble does not resume, so the file of an ensemble has nothing of that kind.
    """
    group = file[schema.TRAJECTORY]
    group["status"][()] = STATUS_CODE["stopped"]
    if schema.DIAGNOSIS in group["status"].attrs:
        fill_text(group["status"].attrs, schema.DIAGNOSIS, "")
    if "replica" in group:
        return
    n = int(group["n_committed"][()])
    if n and group["step"][n - 1] % every:
        group["n_committed"][()] = n - 1
    forget_observed(file, at.observed)
    lengths = {schema.NORMALIZED: at.normalized, schema.STAGES: at.stages, schema.FINAL: 0}
    for name, length in lengths.items():
        for data in file[name].values() if name in file else ():
            data.resize(min(length, len(data)), axis=0)
