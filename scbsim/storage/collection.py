"""Reading a file of all runs of a sweep.

Its columns are copies, or virtual datasets that refer to the files of the runs. HDF5 reads a source
that it cannot open as fill values, and keeps a file open for each run. So virtual datasets are not
read through HDF5: each run is read from its own file, one after the other.
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
from scbsim.observables import BATCH_LOSS, FINISHED, NAMES, STATUS
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.hdf5.formats import COLLECTION
from scbsim.storage.hdf5.reading import one_line
from scbsim.storage.runfile.reader import Damaged, opened
from scbsim.storage.runfile.schema import TRAJECTORY
from scbsim.util.memory import require
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr

MISSING = -1
"""The status of a run that was not begun."""

MEANING = {MISSING: "missing", **STATUS}

Headers = dict[str, tuple[tuple[Hashable, ...], dict[Any, Any]]]
"""Dimensions and attributes of variables, by their names."""


def list_some(texts: Sequence[str], separator: str = ", ") -> str:
    """Return the first ten of some texts in one line, and how many more there are."""
    more = f"{separator.rstrip(', ')} and {len(texts) - 10} more" if len(texts) > 10 else ""
    return separator.join(texts[:10]) + more


def load(path: Path) -> xr.Dataset:
    """Load all runs of a sweep into memory, as :func:`xarray.open_dataset` does.

    Raises
    ------
    OutputError
        If it is no such file. If it is a view of the files of runs, and some of them are missing,
        unreadable, or of other runs.
    MemoryNeeded
        If all runs together do not fit into memory.
    """
    with opened(path, COLLECTION) as file:
        sizes = [data.size * 8 for data in file.values() if isinstance(data, h5py.Dataset)]
        require(sum(sizes), f"all runs of {path}", "open it with xarray, and take what is wanted")
        linked = _linked(file)
        columns = {name: np.full(file[name].shape, file[name].fillvalue) for name in linked}
    headers: Headers = {}
    found = read_netcdf(path, path, linked, headers, driver_kwds={"locking": False})
    if not linked:
        return found
    _fill(path, found, columns)
    return found.assign({name: (dims, columns[name], a) for name, (dims, a) in headers.items()})


def read_netcdf(
    path: Path, source: Any, but: Sequence[str] = (), headers: Headers | None = None, **options: Any
) -> xr.Dataset:
    """Read a file into memory with :func:`xarray.open_dataset`; raise Damaged if that fails.

    Parameters
    ----------
    path : Path
        The file, for error messages.
    source : path or file object
    but : sequence of str
        Variables to leave out.
    headers : dict, optional
        Filled with the dimensions and attributes of those variables.
    **options
        Of :func:`xarray.open_dataset`.
    """
    import xarray

    try:
        with xarray.open_dataset(source, engine="h5netcdf", **options) as whole:
            if headers is not None:
                headers |= {name: (whole[name].dims, whole[name].attrs) for name in but}
            return whole.drop_vars(but).load()
    except Exception as error:
        # Damaged bytes make h5py and xarray raise errors of any type.
        raise Damaged(f"{path} cannot be read: {one_line(error)}") from error


def _fill(path: Path, found: xr.Dataset, columns: dict[str, NDArray[Any]]) -> None:
    """Read the columns of all finished runs from their files."""
    folder = Path(os.path.realpath(path.parent))
    wrong = []
    finished = np.argwhere(np.isin(found["status"].values, FINISHED))
    for index in (tuple(map(int, each)) for each in finished):
        member = folder / str(found["file"].values[index])
        # Files of schema 1.0 do not have these.
        known = {k: found[k].values[index] for k in ("run_uuid", "rows") if k in found}
        try:
            _read(member, known, {name: column[index] for name, column in columns.items()})
        except ScbsimError as error:
            wrong.append(str(error))
    if wrong:
        raise OutputError(
            f"{path} is a view of the files of {counted(len(finished), 'run')}, and {len(wrong)} "
            f"of them cannot be read: {list_some(wrong, '; ')}. A view must be moved together with "
            "the folder of its sweep; `scbsim collect` makes a new one, or a copy that needs no "
            "other file"
        )


def _read(member: Path, known: dict[str, Any], columns: dict[str, NDArray[Any]]) -> None:
    """Read the columns of a run in place; raise OutputError if it is not the one collected."""
    with opened(member) as file:
        n = int(file[TRAJECTORY]["n_committed"][()])
        if "run_uuid" in known and text(file.attrs, "run_uuid") != known["run_uuid"]:
            raise OutputError(f"{member} is another run than the one that was collected")
        rows = int(known.get("rows", n))
        if rows > n:
            raise OutputError(f"{member} has {counted(n, 'row')}, and {rows} were collected")
        for name, column in columns.items():
            if name == BATCH_LOSS.name and name not in file[TRAJECTORY]:
                # The run drew its samples.
                continue
            values = rows_of(file, f"{TRAJECTORY}/{name}", slice(0, rows), column.dtype)
            if values.ndim < column.ndim:
                # A single run among ensembles fills replica 0.
                column = column[..., 0]
            column[tuple(map(slice, values.shape))] = values


def rows_of(file: h5py.File, name: str, rows: slice, kind: DTypeLike) -> NDArray[Any]:
    """Read rows of a column, several times faster than by h5py's indexing."""
    data = h5py.h5d.open(file.id, name.encode())
    values = np.empty((rows.stop - rows.start, *data.shape[1:]), kind)
    space = data.get_space()
    space.select_hyperslab((rows.start, *[0] * (values.ndim - 1)), values.shape)
    data.read(h5py.h5s.create_simple(values.shape), space, values)
    return values


def _linked(file: h5py.File) -> list[str]:
    """Return the names of the virtual datasets."""
    return [name for name, data in file.items() if getattr(data, "is_virtual", False)]


def describe(path: Path) -> dict[str, Any]:
    """Return what a file says of its runs, in types of JSON; raise OutputError for other files."""
    with opened(path, COLLECTION) as file:
        codes, linked = file["status"][()], _linked(file)
        paths = file["file"].asstr()[()][np.isin(codes, FINISHED)].ravel() if linked else ()
        folder = Path(os.path.realpath(path.parent))
        counts = {word: int((codes == code).sum()) for code, word in MEANING.items()}
        return {
            "path": str(path),
            "bytes": path.stat().st_size,
            "format": COLLECTION,
            "schema_version": text(file.attrs, "schema_version"),
            "kind": "view" if linked else "copy",
            "runs": int(codes.size),
            "run_status": {word: count for word, count in counts.items() if count},
            "files_gone": [each for each in paths if not (folder / each).exists()],
            "dimensions": {
                axis[0].name.removeprefix("/"): _extent(axis[0]) for axis in file[NAMES[0]].dims
            },
        }


def _extent(scale: h5py.Dataset) -> dict[str, Any]:
    """Return the size of a dimension, and its first and last values."""
    ends = scale.asstr() if h5py.check_string_dtype(scale.dtype) else scale
    first, last = (np.asarray(ends[i]).item() for i in (0, -1))
    return {"size": len(scale), "first": first, "last": last}
