"""Checks of an untrusted HDF5 file, made before anything is read from it.

HDF5 does what a file says: it follows links into other files, loops, and allocates any length.
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
"""The largest compression ratio of deflate."""

_NUMBERS = (h5py.h5t.TypeIntegerID, h5py.h5t.TypeFloatID, h5py.h5t.TypeEnumID)
"""Numeric types; booleans are stored as an enumeration."""

_CHECKSUMS = (h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_SHUFFLE)


def guard(
    file: h5py.File,
    path: str | os.PathLike[str],
    only: Sequence[str] | None = None,
    *,
    views: bool = False,
    unfinished: bool = False,
) -> None:
    """Refuse a file that refers to other files, or claims more data than it stores.

    Datasets must be numeric, stored in the file itself (neither external nor virtual), and not
    larger than their stored data allows; links must stay in the file.

    Parameters
    ----------
    file : h5py.File
        HDF5 caches the metadata read here. If another process writes the file, later reads through
        this object see metadata as old as this check.
    path : path
    only : sequence of str, optional
        Datasets to check, together with their groups; by default all.
    views : bool
        Allow virtual datasets and text, as in a collection. The caller must not read the virtual
        ones.
    unfinished : bool
        The writer lives, or died before it closed the file: allocated data may not be written yet.

    Raises
    ------
    OutputError
        With what is wrong.
    """
    links = _link_types(file.id.links, only)
    for name, kind in links.items():
        if kind not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT):
            raise OutputError(
                f"{path} cannot be read: its {_as_path(name)} is a link to another file"
            )
    stored = 0
    for name in (name for name, kind in links.items() if kind == h5py.h5l.TYPE_HARD):
        node = h5py.h5o.open(file.id, name)
        if isinstance(node, h5py.h5d.DatasetID):
            try:
                stored += _stored_bytes(node, views)
            except ValueError as error:
                raise OutputError(f"{path} cannot be read: its {_as_path(name)} {error}") from None
    size = os.stat(path).st_size
    if stored > size and not unfinished:
        raise OutputError(f"{path} is damaged: it says that it has {stored} bytes, and has {size}")


def _link_types(links: Any, only: Sequence[str] | None) -> dict[bytes, int]:
    """Return the type of each link to the datasets ``only`` and their groups, or of all links.

    If one of those is a soft link, all links are returned: it may lead through any of them.
    """
    found: dict[bytes, int] = {}
    if only is None:
        links.visit(lambda name, link: found.update({name: link.type}), info=True)
        return found
    parts = [name.encode().split(b"/") for name in only]
    for name in dict.fromkeys(b"/".join(each[: i + 1]) for each in parts for i in range(len(each))):
        above, _, _ = name.rpartition(b"/")
        # Looking up a name below a link follows the link.
        if (not above or found.get(above) == h5py.h5l.TYPE_HARD) and links.exists(name):
            found[name] = links.get_info(name).type
    return _link_types(links, None) if h5py.h5l.TYPE_SOFT in found.values() else found


def _stored_bytes(data: Any, views: bool) -> int:
    """Return the bytes stored for a dataset; raise ValueError with what is wrong with it."""
    # First of all: the shape of a virtual dataset depends on its sources.
    made = data.get_create_plist()
    if made.get_layout() == h5py.h5d.VIRTUAL:
        if views:
            return 0
        raise ValueError("is a virtual dataset: its numbers are in other files")
    if made.get_layout() != h5py.h5d.CHUNKED and made.get_external_count():
        raise ValueError("is an external dataset: its numbers are in other files")
    kind = data.get_type()
    if not isinstance(kind, _NUMBERS) and not (views and isinstance(kind, h5py.h5t.TypeStringID)):
        # Text of variable length is in the global heap, which has no checksum: see attributes.py.
        raise ValueError("is not of numbers")
    claimed = data.get_space().get_simple_extent_npoints() * kind.get_size()
    stored, most = int(data.get_storage_size()), 0
    if made.get_layout() == h5py.h5d.CHUNKED and stored:
        chunk = kind.get_size()
        for length in made.get_chunk():
            chunk *= length
        # A writer grows a dataset by at most one chunk before it fills it.
        most = 2 * chunk
        if any(made.get_filter(i)[0] not in _CHECKSUMS for i in range(made.get_nfilters())):
            most += min(data.get_num_chunks() * chunk, _MOST_COMPRESSION * stored)
    if claimed > max(stored + most, _SLACK):
        raise ValueError(f"claims {claimed} bytes, of which {stored} are in the file")
    return stored


def _as_path(name: bytes) -> str:
    return Path("/", os.fsdecode(name)).as_posix()
