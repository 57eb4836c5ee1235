"""Named dimensions as NetCDF stores them, so that xarray and netCDF4 find them in every group.

A dimension is an HDF5 dimension scale of its length: either a coordinate, such as the steps, or a
scale without values. Scales without values are at the root of the file and shared by all groups.
"""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np

_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable. {:10d}"
"""NetCDF's name for a dimension without coordinate values, with its length."""

_PREFIX = _NO_VARIABLE.partition("{")[0].encode()

_UNSTORED = 2**20
"""Up to this length the zeros of a scale need not be stored; the guard lets a reader claim them."""


def name_dimensions(
    file: h5py.File, data: h5py.Dataset, names: Sequence[str | h5py.Dataset]
) -> None:
    """Name the dimensions of a dataset.

    Each entry of ``names`` is the name of a dimension, or the dataset that is its coordinate. If
    the file already has a dimension of that name and another length, ``DATASET_AXIS`` is used.
    """
    for axis, (name, length) in enumerate(zip(names, data.shape, strict=True)):
        if isinstance(name, h5py.Dataset):
            scale = name
        else:
            if name in file and file[name].shape != (length,):
                name = f"{data.name.rpartition('/')[2]}_{axis}"
            may_grow = data.maxshape[axis] is None
            scale = file[name] if name in file else _create_scale(file, name, length, may_grow)
        data.dims[axis].attach_scale(scale)


def set_length(data: h5py.Dataset, axis: int, length: int) -> None:
    """Let the dimension of an axis have another length, as the dataset now has along it.

    Readers take the length of a dimension from its scale. One that cannot grow, as files of earlier
    versions have it, remains as it is.
    """
    if not len(data.dims[axis]):
        return
    scale = data.dims[axis][0]
    if scale.maxshape == (None,) and scale.attrs.get("NAME", b"").startswith(_PREFIX):
        scale.resize((length,))
        scale.attrs["NAME"] = np.bytes_(_NO_VARIABLE.format(length))


def _create_scale(file: h5py.File, name: str, length: int, may_grow: bool) -> h5py.Dataset:
    """Create a dimension without coordinate values."""
    if may_grow:
        scale = file.create_dataset(name, (length,), np.int8, chunks=(64,), maxshape=(None,))
    elif length <= _UNSTORED:
        scale = file.create_dataset(name, (length,), np.int8)
    else:
        zeros = np.zeros(length, np.int8)
        scale = file.create_dataset(name, data=zeros, compression="gzip", shuffle=False)
    scale.make_scale(_NO_VARIABLE.format(length))
    return scale
