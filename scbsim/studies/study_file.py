"""The file of a study of many points: it is locked, replaced as a whole, and read again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scbsim.errors import OutputError, RunFailed
from scbsim.storage.hdf5.reading import fail_if_unread
from scbsim.studies.recipe import make_folder
from scbsim.util.arguments import switch
from scbsim.util.atomic import atomic_write
from scbsim.util.disk_space import reason
from scbsim.util.paths import resolved


@contextmanager
def locked(output: str | os.PathLike[str] | None, name: str, what: str) -> Iterator[Path | None]:
    """Create the folder of a study, and lock its file during the block, if there is an output.

    Parameters
    ----------
    output : path or None
        The folder.
    name : str
        Of the file in it.
    what : str
        The study in words, for errors.

    Yields
    ------
    path or None
        The file.

    Raises
    ------
    OutputError
        If the folder is a file.
    RunFailed
        If another process has locked the file.
    """
    if output is None:
        yield None
        return
    from scbsim.storage.hdf5.lock import held

    path = make_folder(resolved(output), what) / name
    with held(path):
        yield path


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file by one with other content. If that fails, the old file stays.

    Raises
    ------
    RunFailed
        If it could not be written.
    """
    try:
        with atomic_write(path) as file:
            file.write(content)
    except OSError as error:
        raise RunFailed(
            f"{path} could not be written ({error.strerror}): its previous content is kept; once "
            "the cause is fixed, the same command again goes on"
        ) from error


@contextmanager
def reading_study(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is read into errors that say what to do.

    Raises
    ------
    OutputError
        If the block raises it, or if the file is damaged.
    RunFailed
        If the system could not read it.
    """
    try:
        yield
    except OutputError as error:
        raise OutputError(f"{error}; {switch('overwrite')} replaces it") from None
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        fail_if_unread(path, error)
        raise OutputError(
            f"{path} cannot be read ({reason(error)}); {switch('overwrite')} replaces it"
        ) from error
