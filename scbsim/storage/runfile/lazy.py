"""Columns of a run's file as arrays that are read only when they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
from xarray.backends import BackendArray
from xarray.core import indexing

from scbsim.errors import OutputError
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.runfile.reader import opened
from scbsim.storage.runfile.schema import TRAJECTORY


def lazy_column(path: Path, file: h5py.File, name: str, rows: int) -> indexing.LazilyIndexedArray:
    """Return the first ``rows`` rows of a column, (rows,) or (R, rows)."""
    return indexing.LazilyIndexedArray(_Column(path, file, name, rows))


class _Column(BackendArray):
    """A column of `/trajectory`, (rows,) or (R, rows).

    The file is opened for each read only, so that the run can be resumed in between.
    """

    def __init__(self, path: Path, file: h5py.File, name: str, rows: int) -> None:
        data = file[TRAJECTORY][name]
        self._path, self._name, self._rows = path, name, rows
        self._run = text(file.attrs, "run_uuid")
        self.shape = (*data.shape[1:], rows)
        self.dtype = data.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        basic = indexing.IndexingSupport.BASIC
        return indexing.explicit_indexing_adapter(key, self.shape, basic, self._read)

    def _read(self, key: tuple[int | slice, ...]) -> Any:
        with opened(self._path) as file:
            data = file[TRAJECTORY][self._name]
            if text(file.attrs, "run_uuid") != self._run or len(data) < self._rows:
                raise OutputError(
                    f"{self._path} holds another run now. This dataset reads its columns from the "
                    "file when they are used; .load() on it, before the file is replaced, keeps "
                    "them in memory"
                )
            indices = (_within(each, n) for each, n in zip(key, self.shape, strict=True))
            return data[tuple(indices)[::-1]].T


def _within(key: int | slice, length: int) -> int | slice:
    """Return an index relative to the rows that counted when the dataset was made."""
    return slice(*key.indices(length)) if isinstance(key, slice) else int(key) % length
