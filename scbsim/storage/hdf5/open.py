"""How files of HDF5 are opened to be read, whoever made them and however they ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import h5py

from scbsim.errors import OutputError
from scbsim.storage.hdf5.guard import guard
from scbsim.storage.hdf5.reading import reading
from scbsim.storage.hdf5.superblock import content_of, superblock
from scbsim.storage.hdf5.write import following
from scbsim.util.paths import require_regular


@contextmanager
def opened_hdf5(
    path: Path,
    only: Sequence[str] | None = None,
    *,
    is_written: Callable[[Path], bool] = lambda _: False,
    accept: Callable[[h5py.File], None] = lambda _: None,
    views: bool = False,
) -> Iterator[h5py.File]:
    """Open a file for reading, once it is known to hold no more than it has.

    Parameters
    ----------
    path : Path
    only : sequence of str, optional
        Datasets that are read; all unless given.
    is_written : callable
        Asked whether someone writes a file. One that is not asked for is read as its writer would
        leave it by dying now.
    accept : callable
        Called with the file first of all, to refuse what is not wanted.
    views : bool
        Whether datasets may be virtual, and of text.

    Raises
    ------
    OutputError
        If there is no such file, it is not a regular one or not of HDF5, is cut short, or
        :func:`scbsim.storage.hdf5.guard.guard` refuses it.
    OSError
        If the system fails to read it.
    """
    if require_regular(path).st_size == 0:
        raise OutputError(f"{path} is empty: nothing was written to it")

    def check(file: h5py.File, unfinished: bool) -> None:
        accept(file)
        guard(file, path, only, views=views, unfinished=unfinished)

    with ExitStack() as held:
        yield _entered(path, is_written, check, held)


def _entered(
    path: Path,
    is_written: Callable[[Path], bool],
    check: Callable[[h5py.File, bool], None],
    held: ExitStack,
) -> h5py.File:
    block = superblock(path)
    size = path.stat().st_size
    if size < block.end:
        raise OutputError(f"{path} is cut short: {size} bytes are left of {block.end} or more")
    if not h5py.is_hdf5(path):
        raise OutputError(f"{path} is not an HDF5 file")
    if (block.writing or block.sound) and is_written(path):
        # A file that is still sound may be written at any moment.
        with following(path) as file:
            check(file, True)
        # Opened again, to read what is newer than what was looked at.
        return held.enter_context(following(path))
    file = held.enter_context(reading(path, content_of(path, block)))
    if block.sound and not superblock(path).sound:
        # Its writer has begun in between.
        return _entered(path, is_written, check, held)
    # Where locks do not reach, one that seems to be left behind may be written still.
    check(file, not block.sound)
    return file
