"""Opening HDF5 files for reading, whoever wrote them and however their writer ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import h5py

from scbsim.errors import OutputError
from scbsim.storage.hdf5.guard import guard
from scbsim.storage.hdf5.reading import reading
from scbsim.storage.hdf5.superblock import content_of, superblock
from scbsim.storage.hdf5.write import opened_swmr
from scbsim.util.paths import require_regular
from scbsim.util.text import by_count, counted


@contextmanager
def opened_hdf5(
    path: Path,
    only: Sequence[str] | None = None,
    *,
    writer_of: Callable[[Path], str | None] = lambda _: None,
    accept: Callable[[h5py.File], None] = lambda _: None,
    views: bool = False,
) -> Iterator[h5py.File]:
    """Open a file for reading after :func:`scbsim.storage.hdf5.guard.guard` has checked it.

    Parameters
    ----------
    path : Path
    only : sequence of str, optional
        Datasets that will be read; by default all.
    writer_of : callable
        Returns who writes the file, or None. By default the file is read as if its writer had
        died now.
    accept : callable
        Called with the file before all checks; raises if it is not wanted.
    views : bool
        Allow virtual datasets and text.

    Raises
    ------
    OutputError
        If there is no such file, it is not a regular HDF5 file, is cut short, or the guard refuses
        it.
    OSError
        If the system fails to read it.
    """
    if require_regular(path).st_size == 0:
        raise OutputError(f"{path} is empty: nothing was written to it")

    def check(file: h5py.File, unfinished: bool) -> None:
        accept(file)
        guard(file, path, only, views=views, unfinished=unfinished)

    def open_checked() -> h5py.File:
        block = superblock(path)
        size = path.stat().st_size
        if size < block.end:
            left = f"{counted(size, 'byte')} {by_count(size, 'is', 'are')} left"
            raise OutputError(f"{path} is cut short: {left} of {block.end} or more")
        if not h5py.is_hdf5(path):
            raise OutputError(f"{path} is not an HDF5 file")
        # A writer may be about to begin even if the superblock is sound.
        if (block.writing or block.sound) and writer_of(path):
            with opened_swmr(path) as file:
                check(file, True)
            # Opened again: the file that was checked has cached metadata that may be old by now.
            return stack.enter_context(opened_swmr(path))
        file = stack.enter_context(reading(path, content_of(path, block)))
        if block.sound and not superblock(path).sound:
            # A writer has begun in between.
            return open_checked()
        # A file that seems abandoned may still be written where locks do not work.
        check(file, not block.sound)
        return file

    with ExitStack() as stack:
        yield open_checked()
