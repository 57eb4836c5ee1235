"""Loading any file or folder of scbsim as a dataset."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import h5py
import numpy as np

from scbsim.contents.facts import numbers
from scbsim.contents.folders import MAIN, is_sweep, listed
from scbsim.contents.kinds import kind_of
from scbsim.errors import InputError, OutputError, RunWarning, warn_caller
from scbsim.sampling.file import COLUMNS
from scbsim.storage import collection
from scbsim.storage.hdf5 import formats
from scbsim.storage.runfile import loading
from scbsim.storage.runfile.reader import opened_as
from scbsim.task import Task
from scbsim.task.file import TASK_DIMENSIONS, read_arrays
from scbsim.util.memory import require
from scbsim.util.text import by_count, counted

if TYPE_CHECKING:
    import xarray as xr


def load(path: str | os.PathLike[str]) -> xr.Dataset:
    """Load a file or a folder that scbsim wrote.

    Parameters
    ----------
    path : path
        A run, finished or still being written; a file made by ``collect``, ``phase``,
        ``boundary``, ``compare`` or ``sample``; a file with a task; or the folder of a sweep, of
        ``phase``, of ``boundary`` or of ``compare``.

    Returns
    -------
    xarray.Dataset
        In memory. For a run, as :func:`scbsim.simulate` returns it. For a sweep, with a dimension
        for each key that varies, as :func:`xarray.open_dataset` reads a file of ``collect``. For
        other files, with the names in the file.

    Raises
    ------
    OutputError
        If there is no such file, scbsim did not write it, or it has no dataset, such as a
        checkpoint. If it is a view of the files of runs, and some of them are missing, unreadable,
        or of other runs.
    MemoryNeeded
        If it does not fit into memory.

    Warns
    -----
    RunWarning
        If runs lack their first rows, or a folder has runs that are not finished.
    """
    path = Path(path)
    if path.is_dir():
        return _of_folder(path)
    kind = kind_of(path)
    if kind == formats.FORMAT:
        return loading.load(path)
    if kind not in _LOADERS:
        raise OutputError(
            f"{path} is {formats.KINDS[kind]}; scbsim.load opens the output beside it"
        )
    return _LOADERS[kind](path)


def _of_folder(folder: Path) -> xr.Dataset:
    if is_sweep(folder):
        return _of_sweep(folder)
    for name in MAIN:
        if (folder / name).is_file():
            return load(folder / name)
    names = collection.list_some([str(each["file"]) for each in listed(folder)])
    raise OutputError(
        f"{folder} is a folder of several files, {names}: load one of them. "
        "`scbsim info` on the folder says what each is"
    )


def _of_sweep(path: Path) -> xr.Dataset:
    """Load the finished runs of a sweep, through a temporary file that is a view of them."""
    from scbsim.sweep.collect import collect
    from scbsim.sweep.folder import SweepFolder

    folder = SweepFolder.open(path)
    with tempfile.TemporaryDirectory(prefix="scbsim-") as scratch:
        view = Path(scratch) / "view.h5"
        try:
            left_out = collect(folder, view, link=True, partial=True)
        except InputError:
            raise OutputError(
                f"{path} is the folder of a sweep of {counted(len(folder.sweep.runs), 'run')}, and "
                f"cannot be loaded directly: `scbsim collect {quote(str(path))} -o ALL.h5` makes "
                "one file of them, which can be loaded"
            ) from None
        found = collection.load(view)
        origin = os.path.realpath(scratch)
    files = [
        os.path.relpath(os.path.normpath(os.path.join(origin, name)), folder.path)
        for name in found["file"].values.ravel()
    ]
    found["file"].values = np.array(files, object).reshape(found["file"].shape)
    if left_out:
        warn_caller(
            f"{len(left_out)} of {counted(len(folder.sweep.runs), 'run')} in {path} "
            f"{by_count(len(left_out), 'is not finished: it is', 'are not finished: they are')} "
            f"NaN. `scbsim status {quote(str(path))}` shows their states",
            RunWarning,
        )
    return found


def _of_samples(path: Path) -> xr.Dataset:
    with opened_as(path, (*COLUMNS, *(f"task/{name}" for name in TASK_DIMENSIONS))) as file:
        sizes = [file[name].size * file[name].dtype.itemsize for name in COLUMNS]
        require(sum(sizes), f"the samples in {path}", "open it with h5py, and take what is wanted")
        columns = {name: (dims, file[name][()]) for name, dims in COLUMNS.items()}
        attributes = {name: file.attrs[name].item() for name in ("seed", "first")}
    return _of_task(path).assign(columns).assign_attrs(attributes)


def _of_task(path: Path) -> xr.Dataset:
    import xarray

    task = Task.from_known(read_arrays(path))
    arrays = {
        name: (dims, getattr(task, name))
        for name, dims in TASK_DIMENSIONS.items()
        if getattr(task, name) is not None
    }
    return xarray.Dataset(arrays, attrs=numbers(task))


def _as_netcdf(path: Path) -> xr.Dataset:
    with opened_as(path, views=True) as file:
        data = [each for each in file.values() if isinstance(each, h5py.Dataset)]
        if any(each.is_virtual for each in data):
            raise OutputError(f"{path} cannot be read: its numbers are in other files")
        require(sum(each.size for each in data) * 8, f"what is in {path}")
    # By its bytes, since HDF5 refuses to open a file twice in a process with different options.
    return collection.read_netcdf(path, BytesIO(path.read_bytes()))


_LOADERS: dict[str, Callable[[Path], xr.Dataset]] = {
    formats.COLLECTION: collection.load,
    formats.PHASE: _as_netcdf,
    formats.BOUNDARY: _as_netcdf,
    formats.COMPARISON: _as_netcdf,
    formats.SAMPLES: _of_samples,
    formats.TASK_FILE: _of_task,
}
