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
"""Largest number of values in a chunk."""


class Frame:
    """The dimensions of a sweep in a file; they are the first ones of every variable.

    A key is a dimension, with its values as coordinates. Keys that vary together share one
    dimension, and are coordinates along it. ``shape`` has the sizes of the dimensions.
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

    def scale(self, name: str, values: NDArray[Any], attributes: Mapping[str, str]) -> None:
        """Add a dimension with its values."""
        self._create(name, values).make_scale(name)
        put_text(self._file[name].attrs, **attributes)

    def add(
        self,
        name: str,
        along: Sequence[str],
        kind: np.dtype[Any],
        shape: tuple[int, ...],
        fill: float,
        attributes: Mapping[str, str],
    ) -> h5py.Dataset:
        """Add an empty variable along the dimensions of the sweep and then ``along``."""
        chunk = chunks(shape)
        data = self._file.create_dataset(
            name, shape, kind, fillvalue=fill, chunks=chunk, fletcher32=chunk is not None
        )
        self._describe(name, along, attributes)
        return data

    def link(
        self,
        name: str,
        along: Sequence[str],
        layout: h5py.VirtualLayout,
        fill: float,
        attributes: Mapping[str, str],
    ) -> None:
        """Add a variable that is a view of other files."""
        self._file.create_virtual_dataset(name, layout, fillvalue=fill)
        self._describe(name, along, attributes)

    def put(
        self, name: str, values: NDArray[Any], long_name: str, **attributes: str | NDArray[Any]
    ) -> None:
        """Add a variable along the dimensions of the sweep, with its values."""
        self._create(name, values)
        texts = {key: value for key, value in attributes.items() if isinstance(value, str)}
        self._describe(name, (), {"long_name": long_name, **texts})
        for key, value in attributes.items():
            if key not in texts:
                self._file[name].attrs[key] = value

    def _describe(self, name: str, along: Sequence[str], attributes: Mapping[str, str]) -> None:
        self._attach(name, (*self._names, *along))
        put_text(self._file[name].attrs, **attributes)

    def _create(self, name: str, values: NDArray[Any]) -> h5py.Dataset:
        if values.dtype == object:
            # HDF5 takes text in UTF-8, but file names may be other bytes.
            words = [printable(value) for value in values.ravel()]
            values = np.array(words, object).reshape(values.shape)
            return self._file.create_dataset(name, data=values, dtype=h5py.string_dtype())
        return self._file.create_dataset(name, data=values)

    def _attach(self, name: str, dimensions: Sequence[str]) -> None:
        data = self._file[name]
        for axis, dimension in zip(data.dims, dimensions, strict=True):
            axis.attach_scale(self._file[dimension])


def chunks(shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the chunk shape of a variable that is written from beginning to end.

    A chunk holds consecutive values, so that none is written twice, and fits into HDF5's cache.
    None if the variable has no values.
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
    """Return the values of a key: as numbers if all are numbers, or else as text."""
    numbers = [value == "inf" or not isinstance(value, bool | str) for value in values]
    if not all(numbers):
        return np.array([word(value) for value in values], object)
    if all(isinstance(value, int) for value in values):
        return np.array(values, np.uint64 if max(values) >= 2**63 else np.int64)
    return np.array([float(value) for value in values])
