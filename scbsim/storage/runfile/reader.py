"""Reading the output file, finished or still being written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from scbsim.errors import OutputError, ScbsimError
from scbsim.observables import STATUS
from scbsim.state import State
from scbsim.storage.hdf5.attributes import table, text
from scbsim.storage.hdf5.formats import COLLECTION, FORMAT, check_format, check_tables
from scbsim.storage.hdf5.lock import writer_of
from scbsim.storage.hdf5.open import opened_hdf5
from scbsim.storage.hdf5.reading import fail_if_unread, one_line
from scbsim.storage.runfile.layout import require_drawn
from scbsim.storage.runfile.schema import DIAGNOSIS, FINAL, TASK, TRAJECTORY
from scbsim.storage.runfile.state_shapes import require_state
from scbsim.storage.runfile.states import ALL, Share, read_state
from scbsim.storage.runfile.tables import is_ensemble
from scbsim.task import Task
from scbsim.task.file import read_arrays
from scbsim.util.text import by_count, counted


class Damaged(OutputError):
    """A file of scbsim that is damaged."""


@contextmanager
def opened(
    path: str | os.PathLike[str], format: str = FORMAT, only: Sequence[str] | None = None
) -> Iterator[h5py.File]:
    """Open a file of a known format for reading, whether or not a process writes it.

    ``only`` names the datasets that will be read; by default all.

    Raises
    ------
    OutputError
        If there is no such file, or it is not one of scbsim's.
    AnotherFormat
        If it has another format.
    Damaged
        If what the body reads of it is damaged.
    RunFailed
        If the system could not read it, for lack of memory or by a disk error.
    """
    path = Path(path)
    accept = partial(check_format, path, wanted=format)
    views = format == COLLECTION
    with (
        _damage_reported(path),
        opened_hdf5(path, only, writer_of=writer_of, accept=accept, views=views) as file,
    ):
        if format == FORMAT:
            check_tables(file.attrs)
        yield file


@contextmanager
def opened_as(
    path: str | os.PathLike[str], only: Sequence[str] | None = None, *, views: bool = False
) -> Iterator[h5py.File]:
    """Open a file of another format, or of one that is not known yet; raises as :func:`opened`.

    ``only`` names the datasets that will be read, by default all; ``views`` allows text in them.
    """
    path = Path(path)
    with _damage_reported(path), opened_hdf5(path, only, views=views) as file:
        yield file


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    """Turn errors of h5py into those of :func:`opened`."""
    try:
        yield
    except ScbsimError:
        raise
    except Exception as error:
        fail_if_unread(path, error)
        # Damaged bytes make h5py raise errors of any type.
        raise Damaged(f"{path} cannot be read: {one_line(error)}") from error


def last_state(path: str | os.PathLike[str], share: Share = ALL) -> tuple[Task, State]:
    """Return the task and the last state of a complete run, from which another run can start.

    ``share`` selects the columns of a ``bulk``; by default all. Raise OutputError if there is no
    such file, or it has no last state that fits its task and its engine.
    """
    task = Task.from_known(read_arrays(path))
    with opened(path) as file:
        _, state = read_state(final_of(path, file), 0, share)
        require_drawn(file, state)
        wanted = share.of(task.N)
        engine = str(table(file.attrs, "provenance")["engine"])
        require_state(state, task, engine, wanted.stop - wanted.start)
    return task, state


def final_of(path: str | os.PathLike[str], file: h5py.File) -> h5py.Group:
    """Return the group of the last state; raise OutputError if there is none, with the reason."""
    if FINAL in file and len(file[FINAL]["step"]):
        return file[FINAL]
    status, _ = progress(file[TRAJECTORY])
    why = "it did not keep it: run it with output.final_state = true"
    if is_ensemble(file):
        why = (
            "an ensemble keeps none: run the replica to start from alone, with "
            "dynamics.replica and output.final_state = true"
        )
    elif status != "complete":
        why = f"the run is {status}"
    raise OutputError(f"{path} holds no last state to start from; {why}")


def progress(group: h5py.Group) -> tuple[str, int]:
    """Return the status and the number of committed rows.

    The order of reads matters while a process writes: what is read first may be older. An older
    status is consistent with any rows, and an older count with any columns, but not conversely.
    """
    status = STATUS[int(group["status"][()])]
    return status, int(group["n_committed"][()])


def checked_progress(group: h5py.Group) -> tuple[str, int]:
    """Return :func:`progress`; raise ValueError if the file has fewer rows than are committed."""
    status, n = progress(group)
    rows = len(group["step"])
    if not 0 <= n <= rows:
        raise ValueError(
            f"{counted(n, 'row')} {by_count(n, 'is', 'are')} to count, and it has {rows}"
        )
    return status, n


def diagnosis_of(group: h5py.Group) -> str:
    """Return what a complete run did not learn, and why; empty if that is not known."""
    attributes = group["status"].attrs
    return text(attributes, DIAGNOSIS) if DIAGNOSIS in attributes else ""


def numbers_of(file: h5py.File) -> dict[str, int | float]:
    """Return the numbers of the task that plots and tables need."""
    numbers = file[TASK].attrs
    return {name: np.asarray(numbers[name]).item() for name in ("N", "T", "Q", "K_P", "K_Q")}
