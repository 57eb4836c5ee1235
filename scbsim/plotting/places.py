"""Where pictures go, and what they and their curves are called after: the files that are drawn."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scbsim.errors import OutputError
from scbsim.util.paths import resolved

FORMATS: Final = ("png", "pdf", "svg")

_ENDINGS = (".h5", ".hdf5", ".hdf", ".nc")


def name_of(path: Path) -> str:
    """Return the name of a file without its ending; what follows the point of a number is none."""
    return path.stem if path.suffix.lower() in _ENDINGS else path.name


def labels(paths: Sequence[Path]) -> list[str]:
    """Return names to tell files by: without their folders, or without what these share."""
    short = [name_of(path) for path in paths]
    if len(set(short)) == len(short):
        return short
    whole = [str(path) for path in paths]
    if len({path.is_absolute() for path in paths}) == 1 and len(set(whole)) > 1:
        shared = os.path.commonpath([path.parent for path in paths])
        whole = [os.path.relpath(path, shared) if shared else path for path in whole]
    # A file that was named twice is drawn twice.
    return [f"{name} ({i})" if name in whole[:i] else name for i, name in enumerate(whole)]


def picture_beside(path: Path) -> Path:
    """Return the picture of a file by default: a png beside it, of the same name."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder, not an output file")
    return path.with_name(f"{name_of(path)}.png")


def pictures_in(folder: Path, name: str) -> tuple[Path, ...]:
    """Return the pictures of a figure in a folder, once it is seen that they can be written.

    Raises
    ------
    OutputError
    """
    pictures = tuple(folder / f"{name}.{suffix}" for suffix in ("png", "pdf"))
    for picture in pictures:
        check_picture(picture)
    return pictures


def check_picture(path: Path, *, overwrite: bool = True) -> None:
    """See that a picture can go to a path, before anything is computed for it.

    Raises
    ------
    OutputError
        If its name ends in no format that is known, it exists and is not to be replaced, or the
        system lets no file be made there.
    """
    if path.suffix.lower().lstrip(".") not in FORMATS:
        raise OutputError(f"{path}: a picture ends in {', '.join(f'.{f}' for f in FORMATS)}")
    if path.is_dir():
        raise OutputError(f"{path} is a folder, and a picture is to be written there")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists; --overwrite draws it anew, -o draws it elsewhere")
    folder = resolved(path).parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder: {path} cannot be written")
    try:
        # A file without a name: nothing is left of it.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None
