"""Samples of a task in an HDF5 file, which appears only once it is complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scbsim._version import __version__
from scbsim.errors import InputError, OutputError, RunFailed, Stopped
from scbsim.kernels.batch.workspace import token_type
from scbsim.sampling.alias_tables import MOST_TOKENS
from scbsim.sampling.sampler import Batch, Sampler
from scbsim.sampling.samples import as_samples, stored, token_frequencies
from scbsim.storage.hdf5.attributes import put_text
from scbsim.storage.hdf5.dimensions import name_dimensions
from scbsim.storage.hdf5.formats import SAMPLES, TASK
from scbsim.storage.hdf5.lock import WriterLock
from scbsim.storage.hdf5.write import written
from scbsim.task import Task
from scbsim.task.file import TASK_DIMENSIONS
from scbsim.util.atomic import atomic_write
from scbsim.util.disk_space import LEAST_ROOM
from scbsim.util.numbers import check_int
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
    numbers = range(first, first + size)

    def draw(begin: int, end: int) -> Batch:
        return sampler.draw(first + begin, end - begin)

    given = _Given(sampler.task, sampler.dtype, size, draw)
    attributes = {"seed": np.uint64(sampler.seed), "first": np.uint64(numbers.start)}
    _write(path, given, attributes, stop, on_progress)


def save_samples(
    path: str | os.PathLike[str],
    samples: Any,
    *,
    task: Task | None = None,
    N: int | None = None,
    overwrite: bool = False,
) -> None:
    """Write samples to a file from which a run can learn: ``data.from`` in a spec can name it.

    Parameters
    ----------
    path : path
    samples : sequence or mapping
        Tokens (n, T), queries (n,) and outputs (n,), arrays of integers from 0 on, in this order or
        as a dict with the keys ``tokens``, ``query`` and ``output``. For example the result of
        :func:`scbsim.sample_batch` or :func:`scbsim.text_samples`.
    task : Task, optional
        The task that they are of, for the observables of the run. By default the truth is unknown,
        and ``mu`` is estimated from the samples by :func:`scbsim.token_frequencies`.
    N : int, optional
        Size of the vocabulary; by default that of the task, or the largest token and one.
    overwrite : bool
        Replace an existing file, once the new one is complete.

    Raises
    ------
    DataError
        With everything that is wrong with the samples.
    InputError
        If N differs from that of the task.
    OutputError
        If the file exists or cannot be made.
    RunFailed
        If the disk is full or a write fails; no file is left.
    """
    T = np.shape(samples["tokens"] if isinstance(samples, Mapping) else samples[0])[-1:]
    found = as_samples(samples, task.T if task else (*T, 0)[0], None, "the samples")
    if not len(found.query):
        raise InputError("samples: none are given")
    if task is not None and N not in (None, task.N):
        raise InputError(f"N: {N}, and the task has N = {task.N}")
    if task is not None:
        N = task.N
    elif N is None:
        N = max(2, 1 + max(int(array.max()) for array in found))
    stored(found, check_int("N", N, 2, MOST_TOKENS + 1), "the samples")
    if task is None:
        tokens = np.append(found.tokens.reshape(-1), found.query)
        task = Task.without_truth(token_frequencies(tokens, N), found.tokens.shape[1])
    kind = token_type(N)
    _write(path, _Given(task, kind, len(found.query), found.part), {}, overwrite=overwrite)


class _Given(NamedTuple):
    """Samples to write: their task, the type of their tokens, their number, and a reader."""

    task: Task
    kind: np.dtype[Any]
    size: int
    read: Callable[[int, int], NamedTuple]


def _write(
    path: str | os.PathLike[str],
    given: _Given,
    attributes: Mapping[str, Any],
    stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[int], None] = lambda _: None,
    *,
    overwrite: bool = False,
) -> None:
    if not overwrite:
        # A dangling link must not be replaced either: this is checked before links are resolved.
        _require_none(Path(path))
    path = resolved(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None
    try:
        if not overwrite:
            _require_none(path)
        with atomic_write(path, replace=overwrite) as file:
            _fill(file.name, given, attributes, stop, on_progress)
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
    given: _Given,
    attributes: Mapping[str, Any],
    stop: Callable[[], bool],
    on_progress: Callable[[int], None],
) -> None:
    T, kind, size = given.task.T, given.kind, given.size
    arrays = given.task.to_arrays()
    task_bytes = sum(np.asarray(array).nbytes for array in arrays.values())
    room = size * (T * kind.itemsize + 2 * kind.itemsize + 8) + task_bytes + LEAST_ROOM
    with written(path, room) as file:
        put_text(file.attrs, format=SAMPLES, code_version=__version__)
        file.attrs.update(attributes)
        task = file.create_group(TASK)
        task.attrs["T"] = arrays.pop("T")
        if not given.task.truth_known:
            task.attrs["K_P"] = np.nan
        for name, array in arrays.items():
            data = file.create_dataset(f"{TASK}/{name}", data=array)
            name_dimensions(file, data, TASK_DIMENSIONS.get(name, ()))
        columns = {}
        names = [name for name in COLUMNS if name != "source" or "seed" in attributes]
        for name in names:
            dimensions = COLUMNS[name]
            shape = (size, T)[: len(dimensions)]
            columns[name] = file.create_dataset(name, shape, np.int64 if name == "source" else kind)
            name_dimensions(file, columns[name], dimensions)
        step = max(1, _CHUNK_BYTES // (T * kind.itemsize))
        for begin in range(0, size, step):
            if stop():
                raise Stopped("stopped on a signal")
            end = min(begin + step, size)
            for name, array in zip(names, given.read(begin, end), strict=True):
                columns[name][begin:end] = array
            on_progress(end)
