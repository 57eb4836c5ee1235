"""Named dimensions and coordinates in an HDF5 file, as netCDF and xarray read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.spec.run_names import word
from scbsim.spec.sweep_table import ZIP, Dimension
from scbsim.storage.hdf5.attributes import put_text
from scbsim.util.text import printable

_CHUNK = 2**16
"""Values of a chunk, at the most."""


class Frame:
    """The dimensions of a sweep in a file; what is put into it has them first.

    Parameters
    ----------
    file : h5py.File
    dimensions : sequence of Dimension
        A key is a dimension with its values; lists that go together have one of their own, whose
        keys are coordinates along it.

    Attributes
    ----------
    shape : tuple of int
    """

    def __init__(self, file: h5py.File, dimensions: Sequence[Dimension]) -> None:
        self._file = file
        self._names = tuple(dimension.name for dimension in dimensions)
        self.shape = tuple(len(dimension.values) for dimension in dimensions)
        coordinates: list[str] = []
        for dimension in dimensions:
            if dimension.name == ZIP:
                indices = np.arange(len(dimension.values))
                self.scale(ZIP, indices, {"long_name": "index of what goes together"})
            for i, key in enumerate(dimension.keys):
                values = _column([point[i] for point in dimension.values])
                if dimension.name != ZIP:
                    self.scale(key, values, {})
                    continue
                self._create(key, values)
                self._attach(key, (ZIP,))
                coordinates.append(key)
        if coordinates:
            put_text(file.attrs, coordinates=" ".join(coordinates))

    def scale(self, name: str, values: NDArray[Any], said: Mapping[str, str]) -> None:
        """Add a dimension with its values."""
        self._create(name, values).make_scale(name)
        put_text(self._file[name].attrs, **said)

    def add(
        self,
        name: str,
        along: Sequence[str],
        kind: np.dtype[Any],
        shape: tuple[int, ...],
        fill: float,
        said: Mapping[str, str],
    ) -> h5py.Dataset:
        """Add a variable, to be written to, along the dimensions of the sweep and others."""
        chunk = chunks(shape)
        data = self._file.create_dataset(
            name, shape, kind, fillvalue=fill, chunks=chunk, fletcher32=chunk is not None
        )
        self.describe(name, along, said)
        return data

    def link(
        self,
        name: str,
        along: Sequence[str],
        layout: h5py.VirtualLayout,
        fill: float,
        said: Mapping[str, str],
    ) -> None:
        """Add a variable that is a view of other files."""
        self._file.create_virtual_dataset(name, layout, fillvalue=fill)
        self.describe(name, along, said)

    def put(
        self,
        name: str,
        along: Sequence[str],
        values: NDArray[Any],
        said: Mapping[str, str],
        **numbers: NDArray[Any],
    ) -> None:
        """Add a variable and write it."""
        self._create(name, values)
        self.describe(name, along, said)
        for key, value in numbers.items():
            self._file[name].attrs[key] = value

    def describe(self, name: str, along: Sequence[str], said: Mapping[str, str]) -> None:
        """Name the dimensions of a variable: those of the sweep, and ``along``."""
        self._attach(name, (*self._names, *along))
        put_text(self._file[name].attrs, **said)

    def _create(self, name: str, values: NDArray[Any]) -> h5py.Dataset:
        if values.dtype == object:
            # HDF5 takes text in UTF-8, which names of files need not be.
            words = [printable(value) for value in values.ravel()]
            values = np.array(words, object).reshape(values.shape)
            return self._file.create_dataset(name, data=values, dtype=h5py.string_dtype())
        return self._file.create_dataset(name, data=values)

    def _attach(self, name: str, dimensions: Sequence[str]) -> None:
        data = self._file[name]
        for axis, dimension in zip(data.dims, dimensions, strict=True):
            axis.attach_scale(self._file[dimension])


def chunks(shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the chunks of a variable that is written from its beginning to its end.

    Each is of values that follow one another, so that none has to be taken up again, and fits
    into HDF5's cache. There are none of a variable without values.
    """
    if not all(shape) or not shape:
        return None
    left, found = _CHUNK, []
    for size in reversed(shape):
        parts = -(-size // left)
        found.append(-(-size // parts))
        left = left // size or 1
    return tuple(reversed(found))


def _column(values: list[Any]) -> NDArray[Any]:
    """Return what a key goes through: numbers if all are, or else words."""
    numbers = [value == "inf" or not isinstance(value, bool | str) for value in values]
    if not all(numbers):
        return np.array([word(value) for value in values], object)
    if all(isinstance(value, int) for value in values):
        return np.array(values, np.uint64 if max(values) >= 2**63 else np.int64)
    return np.array([float(value) for value in values])
