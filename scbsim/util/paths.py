"""Paths that stay the same file, and files that can be read without waiting."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from scbsim.errors import OutputError


def resolved(path: str | os.PathLike[str]) -> Path:
    """Return a path as an absolute one without symbolic links.

    It is the same file wherever the program goes afterwards, and whichever link it was named by.

    Raises
    ------
    OutputError
        If it cannot be a path, or is a symbolic link that leads back to itself.
    """
    try:
        found = Path(os.path.realpath(path))
    except (OSError, ValueError) as error:
        raise OutputError(f"{os.fspath(path)!r} is no path of a file: {error}") from None
    if os.path.islink(found):
        raise OutputError(f"{path} is a symbolic link that leads back to itself")
    return found


def shown(path: Path) -> str:
    """Return a path as people read it: from the current folder, where it is below that."""
    try:
        return str(path.relative_to(os.path.realpath(os.curdir)))
    except (OSError, ValueError):
        return str(path)


def require_regular(path: Path) -> os.stat_result:
    """Return what the system says of a file that is to be read.

    Raises
    ------
    OutputError
        If there is none, or it is a folder, a pipe, a socket or a device: reading one of those may
        never end.
    """
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise OutputError(f"{path} does not exist") from None
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from None
    if stat.S_ISDIR(found.st_mode):
        raise OutputError(f"{path} is a folder, not a file")
    if not stat.S_ISREG(found.st_mode):
        raise OutputError(f"{path} is no regular file")
    return found


def beside(output: Path, suffix: str) -> Path:
    """Return the path of a file that stands beside an output: ``OUT.h5.ckpt``.

    It is beside the file itself where the output is named by a symbolic link.
    """
    if os.path.islink(output):
        output = resolved(output)
    return output.with_name(f"{output.name}.{suffix}")
