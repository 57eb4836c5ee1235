"""The file of a boundary study; each time, it is written anew and moved over the old one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from scbsim.errors import OutputError
from scbsim.spec.difference import differences
from scbsim.storage.hdf5.attributes import put_text, text
from scbsim.storage.hdf5.formats import BOUNDARY
from scbsim.storage.hdf5.open import opened_hdf5
from scbsim.storage.hdf5.write import LIBVER
from scbsim.studies.boundary.results import LONG_NAMES, Count, Place, Results
from scbsim.studies.boundary.study import Curve
from scbsim.studies.running_study import KEPT
from scbsim.studies.study_file import reading_study, replace_file
from scbsim.util.arguments import given, switch

if TYPE_CHECKING:
    import xarray as xr

SCHEMA_VERSION = "1.1"


def write(path: Path, found: xr.Dataset) -> None:
    """Replace the file by one with a dataset. If that fails, the old file stays.

    Raises
    ------
    RunFailed
        If it could not be written.
    """
    replace_file(path, _bytes(found))


def read(path: Path, curves: Sequence[Curve]) -> tuple[Results, dict[str, str]]:
    """Return the points in a file, for a study, and attributes to be kept.

    Raises
    ------
    OutputError
        If it is no boundary study, is damaged, or is another study.
    RunFailed
        If the system could not read it.
    """
    whole = tuple(f"run_{name}" for name in LONG_NAMES if name != "steps")
    with reading_study(path), opened_hdf5(path, whole) as file:
        if text(file.attrs, "format") != BOUNDARY:
            raise OutputError(f"{path} is no boundary study")
        there = json.loads(text(file.attrs, "curves"))
        engines = json.loads(text(file.attrs, "engines"))
        kept = {name: text(file.attrs, name) for name in KEPT if name in file.attrs}
        rows = np.stack([file[name][()] for name in whole], axis=1).tolist()
        # Files of schema 1.0 have no steps.
        steps = file["run_steps"][()] if "run_steps" in file else np.full(len(rows), np.nan)
    if unlike := differences({curve.name: curve.identity() for curve in curves}, there):
        raise OutputError(
            f"{path} holds another study: {'; '.join(unlike)}. {given('output')} "
            f"writes elsewhere; {switch('overwrite')} replaces it"
        )
    of_curve = [", ".join(engines[curve.name]) for curve in curves]
    done = {
        Place(*row[:4]): Count(row[4], row[5], of_curve[row[0]], float(each))
        for row, each in zip(rows, steps, strict=True)
    }
    return Results(curves, done), kept


def _bytes(found: xr.Dataset) -> bytes:
    image = BytesIO()
    with h5py.File(image, "w", libver=LIBVER) as file:
        put_text(file.attrs, format=BOUNDARY, schema_version=SCHEMA_VERSION, **found.attrs)
        names = np.array(found["curve"].values, h5py.string_dtype())
        file.create_dataset("curve", data=names).make_scale("curve")
        put_text(file["curve"].attrs, long_name="name of the curve")
        for dimension in ("seed", "point", "run"):
            _index(file, dimension, found.sizes[dimension])
        for name in map(str, found.data_vars):
            values = found[name].values
            chunks = values.shape if values.size else None
            data = file.create_dataset(name, data=values, fletcher32=bool(chunks), chunks=chunks)
            put_text(data.attrs, **found[name].attrs)
            for axis, dimension in enumerate(map(str, found[name].dims)):
                data.dims[axis].attach_scale(file[dimension])
    return image.getvalue()


def _index(file: h5py.File, dimension: str, size: int) -> None:
    data: Any = file.create_dataset(dimension, data=np.arange(size))
    data.make_scale(dimension)
    put_text(data.attrs, long_name=f"number of the {dimension}")
