"""Paths of plots, and the names of the files that they show."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scbsim.errors import OutputError
from scbsim.util.arguments import given, switch
from scbsim.util.paths import resolved

FORMATS: Final = ("png", "pdf", "svg")

_OF_STUDIES: Final = ("png", "pdf")

_ENDINGS = (".h5", ".hdf5", ".hdf", ".nc")


def name_of(path: Path) -> str:
    """Return the name of a file without its suffix. In ``rate0.5`` the ``.5`` is no suffix."""
    return path.stem if path.suffix.lower() in _ENDINGS else path.name


def labels(paths: Sequence[Path]) -> list[str]:
    """Return unique labels of files: their names, or paths below their common folder."""
    short = [name_of(path) for path in paths]
    if len(set(short)) == len(short):
        return short
    names = [str(path) for path in paths]
    if len({path.is_absolute() for path in paths}) == 1 and len(set(names)) > 1:
        shared = os.path.commonpath([path.parent for path in paths])
        names = [os.path.relpath(path, shared) if shared else path for path in names]
    # A file that is given twice is drawn twice.
    return [f"{name} ({i})" if name in names[:i] else name for i, name in enumerate(names)]


def picture_beside(path: Path, form: str = "png") -> Path:
    """Return the default path of the plot of a file: a picture beside it, of the same name.

    The folder of a sweep has one too.
    """
    if (path / "sweep.json").is_file():
        return path.absolute().with_name(f"{path.absolute().name}.{form}")
    if path.is_dir():
        raise OutputError(f"{path} is a folder, not an output file")
    return path.with_name(f"{name_of(path)}.{form}")


def pictures_in(folder: Path, name: str, formats: Sequence[str] = ()) -> tuple[Path, ...]:
    """Return the paths of the pictures of a study in its folder, png and pdf by default.

    Parameters
    ----------
    folder : path
    name : str
        Of the pictures, without a suffix.
    formats : sequence of str, optional
        Some of `FORMATS`, in place of png and pdf.

    Raises
    ------
    OutputError
        If one of them, or their caption, cannot be written; see :func:`check_picture`.
    """
    suffixes = dict.fromkeys(formats or _OF_STUDIES)
    pictures = tuple(folder / f"{name}.{suffix}" for suffix in suffixes)
    for picture in pictures:
        check_picture(picture)
    check_caption(pictures[0])
    return pictures


def caption_path(picture: Path) -> Path:
    """Return the path of the caption of a picture."""
    return picture.with_suffix(".txt")


def check_picture(path: Path, *, overwrite: bool = True) -> None:
    """Check that a plot can be written to a path, before anything is computed for it.

    Raises
    ------
    OutputError
        If the suffix is no known format, if the file exists and ``overwrite`` is false, or if no
        file can be created there.
    """
    if path.suffix.lower().lstrip(".") not in FORMATS:
        raise OutputError(f"{path}: a picture ends in {', '.join(f'.{f}' for f in FORMATS)}")
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the path of a picture")
    _check_new(path, overwrite)
    folder = resolved(path).parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder: {path} cannot be written")
    try:
        # A temporary file leaves nothing behind.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None


def check_caption(picture: Path, *, overwrite: bool = True) -> None:
    """Check that the caption of a picture can be written where the picture can.

    Raises
    ------
    OutputError
        If its path is a folder, or if it exists and ``overwrite`` is false.
    """
    path = caption_path(picture)
    if path.is_dir():
        raise OutputError(f"{path} is a folder, and the caption of {picture.name} goes there")
    _check_new(path, overwrite)


def _check_new(path: Path, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise OutputError(
            f"{path} exists; {switch('overwrite')} replaces it, {given('output')} writes to "
            "another file"
        )
