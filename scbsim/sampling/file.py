"""Samples of a task in an HDF5 file: whole, or not there at all."""

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
"""What there is of samples, and its dimensions."""

_PIECE_BYTES = 2**24
"""Tokens that are in memory at once; of one sample at the least."""

Tell = Callable[[int], None]


def write_samples(
    path: str | os.PathLike[str],
    sampler: Sampler,
    first: int,
    size: int,
    *,
    stop: Callable[[], bool] | None = None,
    tell: Tell | None = None,
) -> None:
    """Draw samples into a file, some at a time.

    The file has `/tokens` (size, T), `/query`, `/output` and `/source`, (size,), and `/task`, from
    which a run can take its task. It gets its name when it is whole.

    Parameters
    ----------
    path : path
        There must be no such file.
    sampler : Sampler
    first : int
        Number of the first sample.
    size : int
    stop : callable, optional
        Asked between pieces; when it says True the work ends, and nothing is left.
    tell : callable, optional
        Told how many samples are drawn.

    Raises
    ------
    OutputError
        If the file exists or cannot be made.
    RunFailed
        If the disk has no room, or a write fails; nothing is left.
    Stopped
        If ``stop`` said so.
    """
    # The link itself, too, stands where the file is to be.
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
            _fill(file.name, sampler, first, size, stop or (lambda: False), tell or _quiet)
    except Stopped:
        raise Stopped(f"stopped on a signal: {path} was not written") from None
    except FileExistsError:
        raise OutputError(f"{path} exists now; it did not when the work began") from None
    except OSError as error:
        raise RunFailed(
            f"{path} could not be written ({error.strerror}): nothing is left of it; make room, "
            "then run the same command again"
        ) from error
    finally:
        lock.release()


def _quiet(_drawn: int) -> None:
    """Tell no one."""


def _require_none(path: Path) -> None:
    if os.path.lexists(path):
        raise OutputError(f"{path} exists; give another path, or take it away first")


def _fill(
    path: str, sampler: Sampler, first: int, size: int, stop: Callable[[], bool], tell: Tell
) -> None:
    T, kind = sampler.task.T, sampler.dtype
    known = sampler.task.to_arrays()
    of_task = sum(np.asarray(array).nbytes for array in known.values())
    room = size * (T * kind.itemsize + 2 * kind.itemsize + 8) + of_task + LEAST_ROOM
    with written(path, room) as file:
        put_text(file.attrs, format=SAMPLES, code_version=__version__)
        file.attrs.update(seed=np.uint64(sampler.seed), first=np.uint64(first))
        task = file.create_group(TASK)
        for name, array in known.items():
            if name != "T":
                data = file.create_dataset(f"{TASK}/{name}", data=array)
                name_dimensions(file, data, TASK_DIMENSIONS.get(name, ()))
        task.attrs["T"] = T
        columns = {}
        for name, dimensions in COLUMNS.items():
            shape = (size, T)[: len(dimensions)]
            columns[name] = file.create_dataset(name, shape, np.int64 if name == "source" else kind)
            name_dimensions(file, columns[name], dimensions)
        some = max(1, _PIECE_BYTES // (T * kind.itemsize))
        for begin in range(0, size, some):
            if stop():
                raise Stopped("stopped on a signal")
            batch = sampler.draw(first + begin, min(some, size - begin))
            for name, array in batch._asdict().items():
                columns[name][begin : begin + len(array)] = array
            tell(begin + len(batch.query))
