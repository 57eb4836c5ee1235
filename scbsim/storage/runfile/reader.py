"""Reading the output file, finished or still being written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import h5py

from scbsim.errors import OutputError, ScbsimError
from scbsim.observables import STATUS
from scbsim.state import State
from scbsim.storage.hdf5.attributes import table, text
from scbsim.storage.hdf5.formats import COLLECTION, FORMAT, check_format, check_tables
from scbsim.storage.hdf5.lock import writer_of
from scbsim.storage.hdf5.open import opened_hdf5
from scbsim.storage.hdf5.reading import fail_if_unread
from scbsim.storage.runfile.schema import (
    DIAGNOSIS,
    FINAL,
    TASK,
    TRAJECTORY,
)
from scbsim.storage.runfile.state_shapes import require_state
from scbsim.storage.runfile.states import ALL, Share, read_state
from scbsim.storage.runfile.tables import is_ensemble
from scbsim.task import Task
from scbsim.task.file import read_arrays


class Damaged(OutputError):
    """A file that was one of ours."""


@contextmanager
def opened(
    path: str | os.PathLike[str], format: str = FORMAT, only: Sequence[str] | None = None
) -> Iterator[h5py.File]:
    """Open an output file for reading, whether or not someone writes it.

    Parameters
    ----------
    path : path
    format : str
        What its attribute of that name has to say.
    only : sequence of str, optional
        Datasets that are read; all unless given.

    Raises
    ------
    OutputError
        If there is no such file, or it is not one of scbsim's.
    AnotherFormat
        If it is of another format.
    Damaged
        If it is, and what the body reads of it is not whole.
    RunFailed
        If the system could not read it, for want of memory or by an error of the disk.
    """
    path = Path(path)
    try:
        accept = partial(check_format, path, wanted=format)
        views = format == COLLECTION
        with opened_hdf5(path, only, is_written=_is_written, accept=accept, views=views) as file:
            if format == FORMAT:
                check_tables(file.attrs)
            yield file
    except ScbsimError:
        raise
    except Exception as error:
        fail_if_unread(path, error)
        # There is no end of what damaged bytes make h5py raise.
        raise Damaged(f"{path} cannot be read: {_in_one_line(error)}") from error


@contextmanager
def opened_as(
    path: str | os.PathLike[str], only: Sequence[str] | None = None, *, views: bool = False
) -> Iterator[h5py.File]:
    """Open a file of another format than a run's, once its format is known.

    Parameters
    ----------
    path : path
    only : sequence of str, optional
        Datasets that are read; all unless given.
    views : bool
        Whether there may be text among them.

    Raises
    ------
    Damaged
        If what the body reads of it is not whole.
    RunFailed
        If the system could not read it.
    """
    path = Path(path)
    try:
        with opened_hdf5(path, only, views=views) as file:
            yield file
    except ScbsimError:
        raise
    except Exception as error:
        fail_if_unread(path, error)
        raise Damaged(f"{path} cannot be read: {_in_one_line(error)}") from error


def _is_written(path: Path) -> bool:
    return writer_of(path) is not None


def _in_one_line(error: Exception) -> str:
    words = error.strerror if isinstance(error, OSError) and error.filename else str(error)
    said = " ".join(str(words).split()) or type(error).__name__
    return said[:200]


def last_state(path: str | os.PathLike[str], share: Share = ALL) -> tuple[Task, State]:
    """Return the task and the last state of a complete run: a start for another.

    Parameters
    ----------
    path : path of an output file
    share : Share
        Which columns of a ``bulk``: all of them unless told otherwise.

    Raises
    ------
    OutputError
        If there is no such file, or it holds no last state that fits its task and its engine.
    """
    task = Task.from_known(read_arrays(path))
    with opened(path) as file:
        _, state = read_state(final_of(path, file), 0, share)
        wanted = share.of(task.N)
        engine = str(table(file.attrs, "provenance")["engine"])
        require_state(state, task, engine, wanted.stop - wanted.start)
    return task, state


def final_of(path: str | os.PathLike[str], file: h5py.File) -> h5py.Group:
    """Return the group of the last state.

    Raises
    ------
    OutputError
        If there is none, with the reason.
    """
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
    """Return the status and the rows that count.

    While someone writes, what is read first may be older: an older status goes with any rows, an
    older count with any columns, and not the other way round.
    """
    status = STATUS[int(group["status"][()])]
    return status, int(group["n_committed"][()])


def counted(group: h5py.Group) -> tuple[str, int]:
    """Return the status and the rows that count, having seen that there are so many."""
    status, n = progress(group)
    rows = len(group["step"])
    if not 0 <= n <= rows:
        raise ValueError(f"{n} rows are to count, and it has {rows}")
    return status, n


def diagnosis_of(group: h5py.Group) -> str:
    """Return what a complete run did not learn, and why; empty if nothing is known of that."""
    attributes = group["status"].attrs
    return text(attributes, DIAGNOSIS) if DIAGNOSIS in attributes else ""


def numbers_of(file: h5py.File) -> dict[str, int | float]:
    """Return the numbers of the task that pictures and tables need."""
    return {name: _plain(file[TASK].attrs[name]) for name in ("N", "T", "Q", "K_P", "K_Q")}


def _plain(value: Any) -> int | float:
    plain: int | float = value.item() if hasattr(value, "item") else value
    return plain
