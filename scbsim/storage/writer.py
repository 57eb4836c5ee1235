"""The recorder that streams a run into an HDF5 file, readable while it grows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.errors import OutputError, RunFailed
from scbsim.observables import NAMES, STATUS_CODE
from scbsim.run_header import RunHeader
from scbsim.storage.empty import empty_file
from scbsim.storage.schema import LIBVER, NORMALIZED, REASONS, STAGES, TRAJECTORY
from scbsim.trajectory import NormalizedRow, StageEnd

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
        If the file exists, or is none that a run could replace.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        self.path = Path(path)
        self._overwrite = overwrite
        self._failed = False
        if self.path.is_dir():
            raise OutputError(f"{self.path} is a folder: give the path of a file in it")
        if self.path.exists() and not overwrite:
            raise OutputError(
                f"{self.path} exists: give another path, or --overwrite to replace it"
            )
        if self.path.exists() and not self.path.is_file():
            raise OutputError(f"{self.path} is no regular file: choose another path")

    def open(self, header: RunHeader) -> None:
        """Make the file, with everything that does not grow, and its folder if need be.

        Raises
        ------
        OutputError
            If there can be no such file.
        RunFailed
            If it could not be written.
        """
        image = empty_file(header)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self._overwrite:
                self.path.unlink(missing_ok=True)
            file = self.path.open("xb")
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written: {error.strerror}") from None
        try:
            with file:
                file.write(image)
        except OSError as error:
            self.path.unlink(missing_ok=True)
            raise RunFailed(f"{self.path} could not be written: {error.strerror}") from None
        try:
            self._file = h5py.File(self.path, "r+", libver=LIBVER)
            self._file.swmr_mode = True
        except (OSError, RuntimeError) as error:
            raise RunFailed(f"{self.path} could not be written: {_reason(error)}") from error
        group = self._file[TRAJECTORY]
        self._columns = [group[name] for name in ("step", "stage", *NAMES)]
        chunk = self._columns[0].chunks[0]
        self._buffers = [np.empty(chunk, column.dtype) for column in self._columns]
        self._rows = 0
        self._buffered = 0
        self._flushed_at = monotonic()

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
        with self._writing():
            for column, buffer in zip(self._columns, self._buffers, strict=True):
                column.resize((total,))
                column[self._rows :] = buffer[: self._buffered]
            self._file.flush()
            self._file[TRAJECTORY]["n_committed"][()] = total
            self._file.flush()
        self._rows, self._buffered = total, 0
        self._flushed_at = monotonic()

    def normalized(self, row: NormalizedRow) -> None:
        """Receive the observables of the normalised matrices."""
        group = self._file[NORMALIZED]
        with self._writing():
            for name in ("step", "stage", "count"):
                _push(group[name], getattr(row, name))
            for name, value in zip(NAMES, row.row, strict=True):
                _push(group[name], value)

    def stage_ended(self, end: StageEnd) -> None:
        """Receive the step at which a stage ended."""
        group = self._file[STAGES]
        with self._writing():
            _push(group["stage"], end.stage)
            _push(group["end_step"], end.step)
            _push(group["reason"], REASONS.index(end.reason))

    def close(self, status: str) -> None:
        """Write what is left and how the run ended."""
        if self._failed:
            self._give_up()
            return
        try:
            self.flush()
            with self._writing():
                self._set_status(status)
                self._file.close()
        except RunFailed:
            self._give_up()
            raise

    def _give_up(self) -> None:
        """Let go of a file that could not be written, as it is."""
        with suppress(Exception):
            self._file.close()

    def _set_status(self, status: str) -> None:
        self._file[TRAJECTORY]["status"][()] = STATUS_CODE[status]
        self._file.flush()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError) as error:
            self._failed = True
            _cut_off(self._file)
            raise RunFailed(f"{self.path} could not be written: {_reason(error)}") from error


def _cut_off(file: h5py.File) -> None:
    """Let HDF5 write no more to a file, whatever it still means to.

    After an error HDF5 goes on to write what it has in memory, when objects are closed and when
    Python exits, and what was whole until then may not be afterwards. As it stands the file is
    like that of a writer that was killed, which loses nothing that was committed.
    """
    if file:
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, file.id.get_vfd_handle())
        os.close(nowhere)


def _reason(error: Exception) -> str:
    """Return what the system said, of all that HDF5 tells."""
    said = re.search(r"error message = '([^']+)'", str(error))
    return said[1] if said else str(error)


def _push(column: h5py.Dataset, value: float) -> None:
    column.resize((len(column) + 1,))
    column[-1] = value
