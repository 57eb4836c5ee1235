"""Reading HDF5 files independently of what else this process has open, and the errors of that.

HDF5 shares one open file among all users in a process, and refuses to open it with other options.
A Python file object counts as a separate file: a notebook may hold the same path open in any way.
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

_DAMAGE_ERRNOS = frozenset({errno.EINVAL, errno.EOVERFLOW})
"""Error numbers for an impossible file offset, which comes from damaged bytes."""

_PATH_ERRNOS = frozenset(
    {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ELOOP}
)
_MEMORY = re.compile(r"memory allocation failed|(can't|cannot|unable to) allocate", re.IGNORECASE)
_ERRNO = re.compile(r"errno = (\d+)")


class Content(FileIO):
    """The bytes of a file, for HDF5 to read.

    h5py does not report every failed read: a group may look empty or a dataset missing instead. So
    the first error is kept in ``failed``.
    """

    failed: OSError | None = None

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer or read to the end of the file: HDF5 takes a short read for zeros."""
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
    """Open an HDF5 file that no process writes.

    ``content`` has the bytes if they are not to be read as they are; it is closed at the end. Raise
    OSError if the system fails to read the file, even if h5py hides that.
    """
    with content or Content(Path(path)) as content:
        try:
            with h5py.File(content, "r") as file:
                yield file
        finally:
            if content.failed is not None:
                raise content.failed


def system_fault(error: BaseException) -> str | None:
    """Return the message of a system error; None if the content of the file caused the error."""
    if isinstance(error, MemoryError) or _MEMORY.search(str(error)):
        return "there is not enough memory"
    number = error.errno if isinstance(error, OSError) else None
    if number is None and isinstance(error, OSError | RuntimeError):
        found = _ERRNO.search(str(error))
        number = int(found[1]) if found else None
    if not number or number in _DAMAGE_ERRNOS:
        return None
    return os.strerror(number)


def _claims_too_much(path: Path, error: BaseException) -> bool:
    """Return whether an HDF5 allocation failed only because damaged bytes give an absurd size.

    HDF5's buffers for sound data are no larger than the file. So if the whole file fits into
    memory, they would have fitted.
    """
    if isinstance(error, MemoryError) or not _MEMORY.search(str(error)):
        return False
    try:
        bytearray(path.stat().st_size)
    except (MemoryError, OSError):
        return False
    return True


def fail_if_unread(path: Path, error: BaseException) -> None:
    """Raise if an error is the system's, and does not say that the file is damaged.

    Raises
    ------
    OutputError
        If the path is at fault: missing, a folder, not permitted.
    RunFailed
        Otherwise: the file may be intact, and readable another time.
    """
    message = system_fault(error)
    if message is None or _claims_too_much(path, error):
        return
    at_fault = isinstance(error, OSError) and error.errno in _PATH_ERRNOS
    kind = OutputError if at_fault else RunFailed
    raise kind(f"{path} cannot be read: {message}") from error


def one_line(error: BaseException) -> str:
    """Return the message of an error in one line of at most 200 characters."""
    words = error.strerror if isinstance(error, OSError) and error.filename else str(error)
    return " ".join(str(words).split())[:200] or type(error).__name__
