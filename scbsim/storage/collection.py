"""Reading a file of all runs of a sweep, and telling it from that of one run.

Its columns are copies, or virtual datasets, HDF5's view of the files of the runs. HDF5 reads a
source that it cannot open as if it held nothing but fill values, and opens one file for each run.
So what is virtual is not read by HDF5: each run is read from its own file, one after the other.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import DTypeLike, NDArray

from scbsim.errors import OutputError, ScbsimError
from scbsim.observables import FINISHED, NAMES, STATUS
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.hdf5.formats import COLLECTION
from scbsim.storage.runfile.reader import Damaged, opened
from scbsim.storage.runfile.schema import TRAJECTORY
from scbsim.util.memory import require

if TYPE_CHECKING:
    import xarray as xr

MISSING = -1
"""The status, in the file, of a run that was not begun."""

MEANING = {MISSING: "missing", **STATUS}

_NAMED = 10

Looks = dict[str, tuple[tuple[Hashable, ...], dict[Any, Any]]]
"""Dimensions and attributes of variables, by their names."""


def load(path: Path) -> xr.Dataset:
    """Load all runs of a sweep, as :func:`xarray.open_dataset` does, into memory.

    Raises
    ------
    OutputError
        If it is no such file. If it is a view of the files of runs, and some of them are not
        there, are those of other runs or cannot be read.
    MemoryNeeded
        If all runs together do not fit into memory.
    """
    with opened(path, COLLECTION) as file:
        sizes = [data.size * 8 for data in file.values() if isinstance(data, h5py.Dataset)]
        require(sum(sizes), f"all runs of {path}", "open it with xarray, and take what is wanted")
        linked = _linked(file)
        columns = {name: np.full(file[name].shape, file[name].fillvalue) for name in linked}
    looks: Looks = {}
    found = read_netcdf(path, path, linked, looks, driver_kwds={"locking": False})
    if not linked:
        return found
    _fill(path, found, columns)
    put = {name: (dims, columns[name], said) for name, (dims, said) in looks.items()}
    return found.assign(put)


def read_netcdf(
    path: Path, source: Any, but: Sequence[str] = (), looks: Looks | None = None, **options: Any
) -> xr.Dataset:
    """Read a file as xarray does, into memory.

    Parameters
    ----------
    path : Path
        Of the file, as errors name it.
    source : path or file object
        What is read.
    but : sequence of str
        Variables that are left out.
    looks : dict, optional
        Is given the dimensions and attributes of those.
    **options
        As :func:`xarray.open_dataset` takes them.

    Raises
    ------
    Damaged
    """
    import xarray

    try:
        with xarray.open_dataset(source, engine="h5netcdf", **options) as whole:
            if looks is not None:
                looks |= {name: (whole[name].dims, whole[name].attrs) for name in but}
            return whole.drop_vars(but).load()
    except Exception as error:
        # There is no end of what damaged bytes make h5py and xarray raise.
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise Damaged(f"{path} cannot be read: {said}") from error


def _fill(path: Path, found: xr.Dataset, columns: dict[str, NDArray[Any]]) -> None:
    """Read the columns of all finished runs from their files."""
    beside = Path(os.path.realpath(path.parent))
    wrong = []
    finished = np.argwhere(np.isin(found["status"].values, FINISHED))
    for index in (tuple(map(int, each)) for each in finished):
        member = beside / str(found["file"].values[index])
        # Files of the first schema do not say which runs they are of.
        known = {k: found[k].values[index] for k in ("run_uuid", "rows") if k in found}
        try:
            _read(member, known, {name: column[index] for name, column in columns.items()})
        except ScbsimError as error:
            wrong.append(str(error))
    if wrong:
        more = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise OutputError(
            f"{path} is a view of the files of {len(finished)} runs, and {len(wrong)} of them "
            f"cannot be had: {'; '.join(wrong[:_NAMED])}{more}. A view moves together with the "
            "folder of its sweep; `scbsim collect` makes it anew, or a copy that needs no other "
            "file"
        )


def _read(member: Path, known: dict[str, Any], columns: dict[str, NDArray[Any]]) -> None:
    """Read the columns of a run to where they belong.

    Raises
    ------
    OutputError
        If it cannot be read, or is not the run that was collected.
    """
    with opened(member) as file:
        n = int(file[TRAJECTORY]["n_committed"][()])
        if "run_uuid" in known and text(file.attrs, "run_uuid") != known["run_uuid"]:
            raise OutputError(f"{member} is another run than the one that was collected")
        rows = int(known.get("rows", n))
        if rows > n:
            raise OutputError(f"{member} has {n} rows, and {rows} were collected")
        for name, column in columns.items():
            values = rows_of(file, f"{TRAJECTORY}/{name}", slice(0, rows), column.dtype)
            if values.ndim < column.ndim:
                # Among ensembles a single run is one of one replica.
                column = column[..., 0]
            column[tuple(map(slice, values.shape))] = values


def rows_of(file: h5py.File, name: str, rows: slice, kind: DTypeLike) -> NDArray[Any]:
    """Read rows of a column, as h5py does in several times as long."""
    data = h5py.h5d.open(file.id, name.encode())
    values = np.empty((rows.stop - rows.start, *data.shape[1:]), kind)
    space = data.get_space()
    space.select_hyperslab((rows.start, *[0] * (values.ndim - 1)), values.shape)
    data.read(h5py.h5s.create_simple(values.shape), space, values)
    return values


def _linked(file: h5py.File) -> list[str]:
    data = {name: each for name, each in file.items() if isinstance(each, h5py.Dataset)}
    return [name for name, each in data.items() if each.is_virtual]


def describe(path: Path) -> dict[str, Any]:
    """Return what a file says of its runs, in plain types that JSON can hold.

    Raises
    ------
    OutputError
        If it is no such file.
    """
    with opened(path, COLLECTION) as file:
        codes, linked = file["status"][()], _linked(file)
        paths = file["file"].asstr()[()][np.isin(codes, FINISHED)].ravel() if linked else ()
        beside = Path(os.path.realpath(path.parent))
        counts = {word: int((codes == code).sum()) for code, word in MEANING.items()}
        return {
            "path": str(path),
            "bytes": path.stat().st_size,
            "format": COLLECTION,
            "schema_version": text(file.attrs, "schema_version"),
            "kind": "view" if linked else "copy",
            "runs": int(codes.size),
            "run_status": {word: count for word, count in counts.items() if count},
            "files_gone": [each for each in paths if not (beside / each).exists()],
            "dimensions": {
                axis[0].name.removeprefix("/"): _extent(axis[0]) for axis in file[NAMES[0]].dims
            },
        }


def _extent(scale: h5py.Dataset) -> dict[str, Any]:
    """Return the size of a dimension, and its first and last values."""
    ends = scale.asstr() if h5py.check_string_dtype(scale.dtype) else scale
    first, last = (np.asarray(ends[i]).item() for i in (0, -1))
    return {"size": len(scale), "first": first, "last": last}
