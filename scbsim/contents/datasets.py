"""Loading whatever scbsim writes as a dataset."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
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

if TYPE_CHECKING:
    import xarray as xr


def load(path: str | os.PathLike[str]) -> xr.Dataset:
    """Load what scbsim wrote.

    Parameters
    ----------
    path : path
        A run, finished or still being written; what ``collect``, ``phase``, ``compare`` and
        ``sample`` made; a file with a task; or the folder of a sweep, of ``phase`` or of
        ``compare``.

    Returns
    -------
    xarray.Dataset
        In memory. Of a run, as :func:`scbsim.simulate` returns it. Of a sweep, with a dimension
        for all that varies, as :func:`xarray.open_dataset` has it of what ``collect`` makes. Of a
        diagram, a comparison, samples and a task, with the names that their files have.

    Raises
    ------
    OutputError
        If there is no such file, it is not one of scbsim's, or one that has no dataset, such as a
        checkpoint. If it is a view of the files of runs, and some of them are not there, are those
        of other runs or cannot be read.
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
            f"{path} is {formats.KINDS[kind]}; scbsim.load opens the output that it stands beside"
        )
    return _LOADERS[kind](path)


def _of_folder(folder: Path) -> xr.Dataset:
    if is_sweep(folder):
        return _of_sweep(folder)
    for name in MAIN:
        if (folder / name).is_file():
            return load(folder / name)
    found = listed(folder)
    names = ", ".join(str(each["file"]) for each in found[:10])
    more = f" and {len(found) - 10} more" if len(found) > 10 else ""
    raise OutputError(
        f"{folder} is a folder of several files, {names}{more}: load one of them. "
        "`scbsim info` on the folder says what each is"
    )


def _of_sweep(path: Path) -> xr.Dataset:
    """Load the finished runs of a sweep, by a view of them that is gone afterwards."""
    from scbsim.sweep.collect import collect
    from scbsim.sweep.folder import SweepFolder

    folder = SweepFolder.open(path)
    with tempfile.TemporaryDirectory(prefix="scbsim-") as scratch:
        view = Path(scratch) / "view.h5"
        try:
            left_out = collect(folder, view, link=True, partial=True)
        except InputError:
            raise OutputError(
                f"{path} is the folder of a sweep of {len(folder.sweep.runs)} runs, and cannot be "
                f"loaded as it stands: `scbsim collect {path} -o ALL.h5` makes one file of them, "
                "and that can"
            ) from None
        found = collection.load(view)
        beside = os.path.realpath(scratch)
    files = [
        os.path.relpath(os.path.normpath(os.path.join(beside, name)), folder.path)
        for name in found["file"].values.ravel()
    ]
    found["file"].values = np.array(files, object).reshape(found["file"].shape)
    if left_out:
        warn_caller(
            f"{len(left_out)} of {len(folder.sweep.runs)} runs in {path} are not finished: they "
            f"are NaN. `scbsim status {path}` says how they are doing",
            RunWarning,
        )
    return found


def _of_samples(path: Path) -> xr.Dataset:
    with opened_as(path, (*COLUMNS, *(f"task/{name}" for name in TASK_DIMENSIONS))) as file:
        sizes = [file[name].size * file[name].dtype.itemsize for name in COLUMNS]
        require(sum(sizes), f"the samples in {path}", "open it with h5py, and take what is wanted")
        columns = {name: (dims, file[name][()]) for name, dims in COLUMNS.items()}
        said = {name: file.attrs[name].item() for name in ("seed", "first")}
    task = _of_task(path)
    return task.assign(columns).assign_attrs(said)


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
    # Its bytes, since HDF5 opens no file twice in a process that has other options the second time.
    return collection.read_netcdf(path, BytesIO(path.read_bytes()))


_LOADERS: dict[str, Callable[[Path], xr.Dataset]] = {
    formats.COLLECTION: collection.load,
    formats.PHASE: _as_netcdf,
    formats.COMPARISON: _as_netcdf,
    formats.SAMPLES: _of_samples,
    formats.TASK_FILE: _of_task,
}
