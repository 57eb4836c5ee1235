"""Names of dimensions, as NetCDF has them, so that xarray and netCDF4 find them in every group.

A dimension is named by a dataset of its length: a coordinate, such as the steps, or one that holds
no numbers. Those without numbers stand at the root of a file and are of all its groups.
"""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np

_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable. {:10d}"
"""What NetCDF calls a dimension that is no coordinate, with its length."""

_UNSTORED = 2**20
"""Up to this length no numbers are stored: readers here let that much be claimed."""


def name_dimensions(
    file: h5py.File, data: h5py.Dataset, names: Sequence[str | h5py.Dataset]
) -> None:
    """Name the dimensions of a dataset.

    Parameters
    ----------
    file : h5py.File
    data : h5py.Dataset
    names : sequence of str or h5py.Dataset
        One for each dimension: its name, or the dataset that is its coordinate. A name whose
        length in this file is another one gives way to ``DATASET_AXIS``.
    """
    for axis, (name, length) in enumerate(zip(names, data.shape, strict=True)):
        if isinstance(name, h5py.Dataset):
            scale = name
        else:
            if name in file and file[name].shape != (length,):
                name = f"{data.name.rpartition('/')[2]}_{axis}"
            scale = file[name] if name in file else _made(file, name, length)
        data.dims[axis].attach_scale(scale)


def _made(file: h5py.File, name: str, length: int) -> h5py.Dataset:
    """Make a dimension that is no coordinate."""
    if length <= _UNSTORED:
        scale = file.create_dataset(name, (length,), np.int8)
    else:
        zeros = np.zeros(length, np.int8)
        scale = file.create_dataset(name, data=zeros, compression="gzip", shuffle=False)
    scale.make_scale(_NO_VARIABLE.format(length))
    return scale
