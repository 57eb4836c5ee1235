"""The recorder that streams a run into an HDF5 file, readable while it grows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from time import monotonic
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim._version import __version__
from scbsim.errors import OutputError, RunFailed
from scbsim.observables import NAMES, OBSERVABLES, STATUS_CODE
from scbsim.run_header import RunHeader
from scbsim.storage.schema import (
    FORMAT,
    NORMALIZED,
    REASONS,
    SCHEMA_VERSION,
    STAGES,
    TASK,
    TRAJECTORY,
    chunk_rows,
)
from scbsim.trajectory import NormalizedRow, StageEnd, task_attributes

_FLUSH_SECONDS = 10.0


class FileRecorder:
    """Streams rows to a file: buffered, in whole chunks where it can, committed by a count.

    The file is in HDF5's single-writer, multiple-reader mode, so that it can be read while it
    grows. Rows count once `n_committed` says so: columns, flush, count, flush, in that order.

    Parameters
    ----------
    path : path
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    OutputError
        If the file exists, or its folder cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        self.path = Path(path)
        self._overwrite = overwrite
        if self.path.exists() and not overwrite:
            raise OutputError(
                f"{self.path} exists: give another path, or --overwrite to replace it"
            )
        if self.path.is_dir():
            raise OutputError(f"{self.path} is a folder: give the path of a file in it")

    def open(self, header: RunHeader) -> None:
        """Make the file, with everything that does not grow."""
        if self._overwrite:
            self.path.unlink(missing_ok=True)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # v110 files open in every installed HDF5; "x" never empties a file of someone else.
            self._file = h5py.File(self.path, "x", libver=("v110", "v110"))
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written: {error.strerror or error}") from None
        file = self._file
        file.attrs["format"] = FORMAT
        file.attrs["schema_version"] = SCHEMA_VERSION
        file.attrs["run_uuid"] = header.run_uuid
        file.attrs["created_utc"] = header.created_utc
        file.attrs["code_version"] = __version__
        file.attrs["spec"] = header.spec.to_json()
        file.attrs["provenance"] = json.dumps(header.provenance)
        task = file.create_group(TASK)
        for name in ("mu", "P", "q_positions", "q_weights"):
            task.create_dataset(name, data=getattr(header.task, name))
        task.attrs.update(task_attributes(header))
        expected = header.spec.total_steps // header.spec.output.every + 2
        self._make_trajectory(chunk_rows(expected))
        self._make_tables(len(header.spec.stage))
        file.swmr_mode = True
        self._rows = 0
        self._buffered = 0
        self._flushed_at = monotonic()

    def _make_trajectory(self, chunk: int) -> None:
        group = self._file.create_group(TRAJECTORY)
        growing: dict[str, Any] = {"shape": (0,), "maxshape": (None,), "chunks": (chunk,)}
        step = group.create_dataset("step", dtype=np.int64, **growing)
        step.attrs["long_name"] = "steps taken"
        step.make_scale("step")
        stage = group.create_dataset("stage", dtype=np.int64, **growing)
        stage.attrs["long_name"] = "stage, from 0"
        stage.dims[0].attach_scale(step)
        for o in OBSERVABLES:
            column = group.create_dataset(o.name, dtype=np.float64, fillvalue=np.nan, **growing)
            column.attrs["long_name"] = o.long_name
            column.attrs["units"] = "1"
            column.dims[0].attach_scale(step)
        group.create_dataset("n_committed", data=np.int64(0))
        group.create_dataset("status", data=np.int64(STATUS_CODE["running"]))
        self._columns = [group[name] for name in ("step", "stage", *NAMES)]
        self._buffers = [np.empty(chunk, column.dtype) for column in self._columns]

    def _make_tables(self, stages: int) -> None:
        group = self._file.create_group(NORMALIZED)
        few: dict[str, Any] = {"shape": (0,), "maxshape": (None,), "chunks": (stages + 1,)}
        for name in ("step", "stage", "count"):
            group.create_dataset(name, dtype=np.int64, **few)
        for o in OBSERVABLES:
            column = group.create_dataset(o.name, dtype=np.float64, fillvalue=np.nan, **few)
            column.attrs["long_name"] = o.long_name
        group = self._file.create_group(STAGES)
        group.attrs["reasons"] = json.dumps(REASONS)
        for name in ("stage", "end_step", "reason"):
            group.create_dataset(name, dtype=np.int64, **few)

    def append(self, steps: NDArray[np.int64], stage: int, rows: NDArray[np.float64]) -> None:
        """Receive the observables after some steps of one stage."""
        done = 0
        size = len(self._buffers[0])
        while done < len(steps):
            n = min(len(steps) - done, size - self._buffered)
            here = slice(self._buffered, self._buffered + n)
            self._buffers[0][here] = steps[done : done + n]
            self._buffers[1][here] = stage
            for i, buffer in enumerate(self._buffers[2:]):
                buffer[here] = rows[done : done + n, i]
            self._buffered += n
            done += n
            if self._buffered == size:
                self.flush()
        if monotonic() - self._flushed_at > _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered, then say that it is there."""
        total = self._rows + self._buffered
        try:
            for column, buffer in zip(self._columns, self._buffers, strict=True):
                column.resize((total,))
                column[self._rows :] = buffer[: self._buffered]
            self._file.flush()
            self._file[TRAJECTORY]["n_committed"][()] = total
            self._file.flush()
        except (OSError, RuntimeError) as error:
            raise RunFailed(f"{self.path} could not be written: {error}") from error
        self._rows, self._buffered = total, 0
        self._flushed_at = monotonic()

    def normalized(self, row: NormalizedRow) -> None:
        """Receive the observables of the normalised matrices."""
        group = self._file[NORMALIZED]
        for name in ("step", "stage", "count"):
            _push(group[name], getattr(row, name))
        for name, value in zip(NAMES, row.row, strict=True):
            _push(group[name], value)

    def stage_ended(self, end: StageEnd) -> None:
        """Receive the step at which a stage ended."""
        group = self._file[STAGES]
        _push(group["stage"], end.stage)
        _push(group["end_step"], end.step)
        _push(group["reason"], REASONS.index(end.reason))

    def close(self, status: str) -> None:
        """Write what is left and how the run ended."""
        try:
            self.flush()
            self._file[TRAJECTORY]["status"][()] = STATUS_CODE[status]
            self._file.flush()
        finally:
            self._file.close()


def _push(column: h5py.Dataset, value: float) -> None:
    column.resize((len(column) + 1,))
    column[-1] = value
