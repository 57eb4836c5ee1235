"""What a file of HDF5 may hold that comes from who knows where.

HDF5 follows what a file says: into other files, into itself, to any length. What is said here is
asked of a file before anything of it is read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py

from scbsim.errors import OutputError

_SLACK = 2**20
_MOST_COMPRESSION = 1100
"""How many times its size deflate can make of a chunk, at the most."""

_NUMBERS = (h5py.h5t.TypeIntegerID, h5py.h5t.TypeFloatID, h5py.h5t.TypeEnumID)
"""Kinds of numbers; truth values are an enumeration."""

_CHECKSUMS = (h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_SHUFFLE)


def guard(
    file: h5py.File,
    path: str | os.PathLike[str],
    only: Sequence[str] | None = None,
    *,
    views: bool = False,
    unfinished: bool = False,
) -> None:
    """Refuse a file that leads out of itself, or claims more than it has.

    Datasets must be in the file, neither external nor virtual, of numbers, and not larger than what
    is stored of them; links must be of the file.

    Parameters
    ----------
    file : h5py.File
        Open. Metadata that it reads here it does not read again: of a file that someone writes,
        what is read afterwards is as old.
    path : path
    only : sequence of str, optional
        Datasets that are asked, with the groups that they are in; all unless given.
    views : bool
        Whether datasets may be virtual, and of text, as in a collection: who reads such a file
        leaves what is virtual alone.
    unfinished : bool
        Whether its writer lives, or died before it was closed: what it says is stored may not be
        written yet.

    Raises
    ------
    OutputError
        With what is wrong.
    """
    links = _links(file.id.links, only)
    for name, kind in links.items():
        if kind not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT):
            raise OutputError(
                f"{path} cannot be read: its {_shown(name)} is a link to another file"
            )
    stored = 0
    for name in (name for name, kind in links.items() if kind == h5py.h5l.TYPE_HARD):
        node = h5py.h5o.open(file.id, name)
        if isinstance(node, h5py.h5d.DatasetID):
            try:
                stored += _stored(node, views)
            except ValueError as error:
                raise OutputError(f"{path} cannot be read: its {_shown(name)} {error}") from None
    size = os.stat(path).st_size
    if stored > size and not unfinished:
        raise OutputError(f"{path} is damaged: it says that it has {stored} bytes, and has {size}")


def _links(links: Any, only: Sequence[str] | None) -> dict[bytes, int]:
    """Return what kind each link of a file is: those of some datasets and of their groups.

    All links where none are named, and where one of those is a soft link: that leads on through
    others.
    """
    found: dict[bytes, int] = {}
    if only is None:
        links.visit(lambda name, link: found.update({name: link.type}), info=True)
        return found
    parts = [name.encode().split(b"/") for name in only]
    for name in dict.fromkeys(b"/".join(each[: i + 1]) for each in parts for i in range(len(each))):
        above, _, _ = name.rpartition(b"/")
        # Looking below a link follows it.
        if (not above or found.get(above) == h5py.h5l.TYPE_HARD) and links.exists(name):
            found[name] = links.get_info(name).type
    return _links(links, None) if h5py.h5l.TYPE_SOFT in found.values() else found


def _stored(data: Any, views: bool) -> int:
    """Return the bytes that a dataset has in the file.

    Raises
    ------
    ValueError
        With what is wrong with it.
    """
    # Asked before anything else: the shape of a virtual one is that of its sources.
    made = data.get_create_plist()
    if made.get_layout() == h5py.h5d.VIRTUAL:
        if views:
            return 0
        raise ValueError("is a virtual dataset: its numbers are in other files")
    if made.get_layout() != h5py.h5d.CHUNKED and made.get_external_count():
        raise ValueError("is an external dataset: its numbers are in other files")
    kind = data.get_type()
    if not isinstance(kind, _NUMBERS) and not (views and isinstance(kind, h5py.h5t.TypeStringID)):
        # Text of variable length is in a part of the file that has no checksum, and reading it may
        # never end.
        raise ValueError("is not of numbers")
    claimed = data.get_space().get_simple_extent_npoints() * kind.get_size()
    stored, most = int(data.get_storage_size()), 0
    if made.get_layout() == h5py.h5d.CHUNKED and stored:
        chunk = kind.get_size()
        for length in made.get_chunk():
            chunk *= length
        # A writer grows a dataset by at most a chunk before it fills it.
        most = 2 * chunk
        if any(made.get_filter(i)[0] not in _CHECKSUMS for i in range(made.get_nfilters())):
            most += min(data.get_num_chunks() * chunk, _MOST_COMPRESSION * stored)
    if claimed > max(stored + most, _SLACK):
        raise ValueError(f"claims {claimed} bytes, of which {stored} are in the file")
    return stored


def _shown(name: bytes) -> str:
    return Path("/", os.fsdecode(name)).as_posix()
