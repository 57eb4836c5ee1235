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


def pictures_in(
    folder: Path, name: str, formats: Sequence[str] = ("png", "pdf")
) -> tuple[Path, ...]:
    """Return the paths ``NAME.png`` and ``NAME.pdf`` in a folder; see :func:`check_picture`.

    ``formats`` are others of `FORMATS`, if it is not empty.
    """
    pictures = tuple(folder / f"{name}.{suffix}" for suffix in formats or ("png", "pdf"))
    for picture in pictures:
        check_picture(picture)
    return pictures


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
    check_new(path, overwrite=overwrite)
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


def check_new(path: Path, *, overwrite: bool) -> None:
    """Raise :class:`OutputError` if a file exists and may not be replaced."""
    if path.exists() and not overwrite:
        raise OutputError(
            f"{path} exists; {switch('overwrite')} replaces it, {given('output')} writes to "
            "another file"
        )
