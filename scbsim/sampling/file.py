"""Samples of a task in an HDF5 file, which appears only once it is complete."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from scbsim._version import __version__
from scbsim.errors import OutputError, RunFailed, Stopped
from scbsim.sampling.sampler import Sampler
from scbsim.storage.hdf5.attributes import put_text
from scbsim.storage.hdf5.dimensions import name_dimensions
from scbsim.storage.hdf5.formats import SAMPLES, TASK
from scbsim.storage.hdf5.lock import WriterLock
from scbsim.storage.hdf5.write import written
from scbsim.task.file import TASK_DIMENSIONS
from scbsim.util.atomic import atomic_write
from scbsim.util.disk_space import LEAST_ROOM
from scbsim.util.paths import resolved

COLUMNS = {
    "tokens": ("sample", "position"),
    "query": ("sample",),
    "output": ("sample",),
    "source": ("sample",),
}
"""Names of the datasets, with their dimensions."""

_CHUNK_BYTES = 2**24
"""Size of the tokens that are in memory at once, unless one sample is larger."""


def write_samples(
    path: str | os.PathLike[str],
    sampler: Sampler,
    first: int,
    size: int,
    *,
    stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Draw samples into a file, in chunks.

    The file has `/tokens` (size, T), `/query`, `/output` and `/source`, (size,), and `/task`, from
    which a run can read its task. It gets its name when it is complete.

    Parameters
    ----------
    path : path
        The file must not exist.
    sampler : Sampler
    first : int
        Number of the first sample.
    size : int
        Number of samples.
    stop : callable
        Called between chunks; if it returns True, writing stops and no file is left.
    on_progress : callable
        Called with the number of samples drawn so far.

    Raises
    ------
    OutputError
        If the file exists or cannot be made.
    RunFailed
        If the disk is full or a write fails; no file is left.
    Stopped
        If ``stop`` returned True.
    """
    # A dangling link must not be replaced either, so this is checked before links are resolved.
    _require_none(Path(path))
    path = resolved(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None
    try:
        _require_none(path)
        with atomic_write(path, replace=False) as file:
            _fill(file.name, sampler, range(first, first + size), stop, on_progress)
    except Stopped:
        raise Stopped(f"stopped on a signal: {path} was not written") from None
    except FileExistsError:
        raise OutputError(f"{path} was created by another program meanwhile") from None
    except OSError as error:
        raise RunFailed(
            f"{path} could not be written ({error.strerror}): nothing is left of it; make room, "
            "then run the same command again"
        ) from error
    finally:
        lock.release()


def _require_none(path: Path) -> None:
    if os.path.lexists(path):
        raise OutputError(f"{path} exists; give another path, or remove it first")


def _fill(
    path: str,
    sampler: Sampler,
    numbers: range,
    stop: Callable[[], bool],
    on_progress: Callable[[int], None],
) -> None:
    T, kind, size = sampler.task.T, sampler.dtype, len(numbers)
    arrays = sampler.task.to_arrays()
    task_bytes = sum(np.asarray(array).nbytes for array in arrays.values())
    room = size * (T * kind.itemsize + 2 * kind.itemsize + 8) + task_bytes + LEAST_ROOM
    with written(path, room) as file:
        put_text(file.attrs, format=SAMPLES, code_version=__version__)
        file.attrs.update(seed=np.uint64(sampler.seed), first=np.uint64(numbers.start))
        task = file.create_group(TASK)
        task.attrs["T"] = arrays.pop("T")
        for name, array in arrays.items():
            data = file.create_dataset(f"{TASK}/{name}", data=array)
            name_dimensions(file, data, TASK_DIMENSIONS.get(name, ()))
        columns = {}
        for name, dimensions in COLUMNS.items():
            shape = (size, T)[: len(dimensions)]
            columns[name] = file.create_dataset(name, shape, np.int64 if name == "source" else kind)
            name_dimensions(file, columns[name], dimensions)
        step = max(1, _CHUNK_BYTES // (T * kind.itemsize))
        for begin in range(0, size, step):
            if stop():
                raise Stopped("stopped on a signal")
            chunk = numbers[begin : begin + step]
            batch = sampler.draw(chunk.start, len(chunk))
            for name, array in batch._asdict().items():
                columns[name][begin : begin + len(chunk)] = array
            on_progress(begin + len(chunk))
