"""Reading HDF5 files, whatever else this process has open, and what an error in it means.

HDF5 shares one open file among all who open it in a process, and refuses those who ask for other
options. A file object is a file of its own: a notebook may hold the same path open in any way.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import h5py

from scbsim.errors import OutputError, RunFailed

_OF_THE_BYTES = frozenset({errno.EINVAL, errno.EOVERFLOW})
"""What the system says to an address that no file can have: a damaged file leads there."""

_OF_THE_PATH = frozenset(
    {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ELOOP}
)
_MEMORY = re.compile(r"memory allocation failed|(can't|cannot|unable to) allocate", re.IGNORECASE)
_ERRNO = re.compile(r"errno = (\d+)")


class Content(FileIO):
    """The bytes of a file, for HDF5 to read.

    h5py does not pass on every error that a read ends with: a group may then look empty, or a
    dataset missing. So the first one is kept here.

    Attributes
    ----------
    failed : OSError or None
    """

    failed: OSError | None = None

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer, or read to the end of the file: HDF5 takes what is short for zeros."""
        view, count = memoryview(buffer).cast("B"), 0
        try:
            while count < len(view) and (got := super().readinto(view[count:])):
                count += got
        except OSError as error:
            self.failed = self.failed or error
            raise
        return count


@contextmanager
def reading(path: str | os.PathLike[str], content: Content | None = None) -> Iterator[h5py.File]:
    """Open an HDF5 file that no one writes, for reading alone.

    Parameters
    ----------
    path : path
    content : Content, optional
        Its bytes, where they are to be read otherwise than as they are; closed at the end.

    Raises
    ------
    OSError
        If the system fails to read it, whatever h5py makes of that.
    """
    with content or Content(Path(path)) as content:
        try:
            with h5py.File(content, "r") as file:
                yield file
        finally:
            if content.failed is not None:
                raise content.failed


def system_fault(error: BaseException) -> str | None:
    """Return what the system said, if an error is its own and tells nothing of the file."""
    if isinstance(error, MemoryError) or _MEMORY.search(str(error)):
        return "there is not enough memory"
    number = error.errno if isinstance(error, OSError) else None
    if number is None and isinstance(error, OSError | RuntimeError):
        found = _ERRNO.search(str(error))
        number = int(found[1]) if found else None
    if not number or number in _OF_THE_BYTES:
        return None
    return os.strerror(number)


def _claims_too_much(path: Path, error: BaseException) -> bool:
    """Return whether HDF5 had no memory only because damaged bytes name an absurd size.

    HDF5's buffers for sound bytes are no larger than the file. So there was memory for them if
    there is memory for the whole file.
    """
    if isinstance(error, MemoryError) or not _MEMORY.search(str(error)):
        return False
    try:
        bytearray(path.stat().st_size)
    except (MemoryError, OSError):
        return False
    return True


def fail_if_unread(path: Path, error: BaseException) -> None:
    """Raise what the system said, where an error is its own.

    Raises
    ------
    OutputError
        If the path is at fault, by what it names or permits.
    RunFailed
        Otherwise: the file may well be whole, and read another time.
    """
    said = system_fault(error)
    if said is None or _claims_too_much(path, error):
        return
    at_fault = isinstance(error, OSError) and error.errno in _OF_THE_PATH
    kind = OutputError if at_fault else RunFailed
    raise kind(f"{path} cannot be read: {said}") from error
