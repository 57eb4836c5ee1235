"""Batches from a file of samples, read as they are needed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from scbsim.errors import DataError, Fault, OutputError, RunFailed
from scbsim.sampling.batches import Read
from scbsim.sampling.samples import NAMES, Samples
from scbsim.storage.hdf5.open import opened_hdf5
from scbsim.storage.hdf5.reading import fail_if_unread, one_line
from scbsim.util.text import counted

_ENDS = 2**20
"""Bytes at the start and at the end of a file whose digest identifies it."""


class FileBatches:
    """Batches of consecutive samples of an open file; see :func:`opened_batches`.

    What is left of an epoch after its last whole batch is not used.
    """

    restartable = True

    def __init__(self, path: Path, file: h5py.File, size: int, epochs: int) -> None:
        self.path, self._size, self._epochs = path, size, epochs
        self._data = Samples(*(file[name] for name in NAMES))
        self.samples = len(self._data.query)
        self._per_epoch = self.samples // size

    def batch(self, number: int) -> Read | None:
        """Return the reader of a batch; None after the last epoch."""
        epoch, inside = divmod(number, self._per_epoch)
        if self._epochs and epoch >= self._epochs:
            return None
        first = inside * self._size

        def read(begin: int, end: int) -> Samples:
            try:
                return self._data.part(first + begin, first + end)
            except Exception as error:
                fail_if_unread(self.path, error)
                raise RunFailed(f"{self.path} cannot be read: {one_line(error)}") from error

        return read

    def name(self, number: int) -> str:
        """Return the name of a batch for messages."""
        first = number % self._per_epoch * self._size
        return f"batch {number}, samples {first} to {first + self._size - 1} of {self.path},"

    def facts(self) -> dict[str, Any]:
        """Return entries for the provenance."""
        return {"samples": "read", **fingerprint(self.path), "samples_count": self.samples}


@contextmanager
def opened_batches(
    path: str | os.PathLike[str], T: int, size: int, epochs: int = 1
) -> Iterator[FileBatches]:
    """Open a file of samples to learn from.

    Parameters
    ----------
    path : path
        An HDF5 file with the datasets ``tokens`` (n, T), ``query`` and ``output`` (n,), of any type
        of integers, as :func:`scbsim.save_samples` and ``scbsim sample`` write it.
    T, size : int
        Length of a context, and samples of a batch.
    epochs : int
        How often the file is read; 0 for as often as it is asked for.

    Raises
    ------
    DataError
        With everything that is wrong with its datasets.
    OutputError
        If there is no such file, or it cannot be read.
    """
    path = Path(path)
    with opened_hdf5(path, NAMES) as file:
        if faults := list(_faults(file, T, size)):
            raise DataError(faults, f"data.from = {path}")
        yield FileBatches(path, file, size, epochs)


def _faults(file: h5py.File, T: int, size: int) -> Iterator[Fault]:
    there = {name: file[name] for name in NAMES if isinstance(file.get(name), h5py.Dataset)}
    yield from (Fault(name, "not in the file") for name in NAMES if name not in there)
    for name, data in there.items():
        if data.dtype.kind not in "iu":
            yield Fault(name, f"has type {data.dtype}; it takes integers")
    if "tokens" not in there:
        return
    shape = there["tokens"].shape
    if len(shape) != 2:
        yield Fault("tokens", f"has shape {shape}; it takes (samples, T)")
        return
    if shape[1] != T:
        yield Fault("tokens", f"contexts of {counted(shape[1], 'token')}; the task has T = {T}")
    if shape[0] < size:
        problem = f"{counted(shape[0], 'sample')}, fewer than dynamics.batch_size = {size}"
        yield Fault("tokens", f"{problem}; set that to fewer")
    for name, data in there.items():
        if name != "tokens" and data.shape != shape[:1]:
            yield Fault(name, f"has shape {data.shape}; with these tokens it takes {shape[:1]}")


def fingerprint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what identifies a file of samples: its path, size, and a digest of both ends.

    Raises
    ------
    OutputError
        If it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            digest = hashlib.sha256(file.read(_ENDS))
            file.seek(max(0, size - _ENDS))
            digest.update(file.read(_ENDS))
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror}") from None
    return {
        "samples_file": str(path),
        "samples_bytes": size,
        "samples_sha256_of_ends": digest.hexdigest(),
    }
