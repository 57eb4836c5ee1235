"""How files of HDF5 are opened to be read, whoever made them and however they ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import h5py

from scbsim.errors import OutputError
from scbsim.files.guard import guard
from scbsim.files.paths import require_regular
from scbsim.files.superblock import Repaired, superblock


@contextmanager
def opened_hdf5(
    path: Path,
    only: Sequence[str] | None = None,
    *,
    is_written: Callable[[Path], bool] = lambda _: False,
) -> Iterator[h5py.File]:
    """Open a file for reading, once it is known to hold no more than it has.

    Parameters
    ----------
    path : Path
    only : sequence of str, optional
        Datasets that are read; all unless given.
    is_written : callable
        Asked whether someone writes a file that is marked so. One that is not asked for is read as
        its writer would leave it by dying now.

    Raises
    ------
    OutputError
        If there is no such file, it is not a regular one or not of HDF5, is cut short, or
        :func:`scbsim.files.guard.guard` refuses it.
    """
    if require_regular(path).st_size == 0:
        raise OutputError(f"{path} is empty: nothing was written to it")
    with ExitStack() as held:
        yield _entered(path, only, is_written, held)


def _entered(
    path: Path, only: Sequence[str] | None, is_written: Callable[[Path], bool], held: ExitStack
) -> h5py.File:
    block = superblock(path)
    size = path.stat().st_size
    if size < block.end:
        raise OutputError(f"{path} is cut short: {size} bytes are left of {block.end} or more")
    if not h5py.is_hdf5(path):
        raise OutputError(f"{path} is not an HDF5 file")
    if block.writing and is_written(path):
        # In the process that writes it, HDF5 wants it opened as the writer did: without its lock.
        with h5py.File(path, "r", swmr=True, locking=False) as file:
            guard(file, path, only)
        # Opened again, to read what is newer than what was looked at.
        return held.enter_context(h5py.File(path, "r", swmr=True, locking=False))
    if block.sound:
        try:
            file = held.enter_context(h5py.File(path, "r", locking=False))
        except OSError:
            if superblock(path).sound:
                raise
            # Its writer has begun in between.
            return _entered(path, only, is_written, held)
    else:
        file = held.enter_context(h5py.File(held.enter_context(Repaired(path)), "r"))
    guard(file, path, only)
    return file
