"""Resolving, showing and checking paths."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from scbsim.errors import OutputError


def resolved(path: str | os.PathLike[str]) -> Path:
    """Return an absolute path without symbolic links, which does not depend on the current folder.

    Raises
    ------
    OutputError
        If it is not a valid path, or is a loop of symbolic links.
    """
    try:
        found = Path(os.path.realpath(path))
    except (OSError, ValueError) as error:
        raise OutputError(f"{os.fspath(path)!r} is not a valid path: {error}") from None
    if os.path.islink(found):
        raise OutputError(f"{path} is a symbolic link that leads back to itself")
    return found


def shown(path: Path) -> str:
    """Return a path as text, relative to the current folder if it is below it."""
    try:
        return str(path.relative_to(os.path.realpath(os.curdir)))
    except (OSError, ValueError):
        return str(path)


def require_regular(path: Path) -> os.stat_result:
    """Return the ``stat`` of a file to be read.

    Raises
    ------
    OutputError
        If it does not exist or is no regular file. Reading a pipe or device might never end.
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
    """Return the path of a file beside an output, such as ``OUT.h5.ckpt``.

    If the output is a symbolic link, it is beside the target.
    """
    if os.path.islink(output):
        output = resolved(output)
    return output.with_name(f"{output.name}.{suffix}")
