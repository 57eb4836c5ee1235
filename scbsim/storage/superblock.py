"""The first bytes of an HDF5 file: who has it open, and how long it should be.

HDF5 itself asks these questions only of files that it opens as finished ones. One that it opens
as still being written it takes at its word, and a file that was cut short then reads as zeros, or
hangs. (HDF5 File Format Specification, section II.A, superblock version 3.)
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SWMR_WRITING = 0x04
_BYTES = 36


class Superblock(NamedTuple):
    """What a file says of itself.

    Attributes
    ----------
    writing : bool
        A writer that lets others read along has it open, or died with it open.
    end : int
        Bytes that it has at the least.
    """

    writing: bool
    end: int


def superblock(path: Path) -> Superblock:
    """Read the superblock of a file; one of another kind or version asks for nothing."""
    with path.open("rb") as file:
        head = file.read(_BYTES)
    if not head.startswith(_SIGNATURE) or head[8:9] not in (b"", b"\3"):
        return Superblock(writing=False, end=0)
    if len(head) < _BYTES:
        return Superblock(writing=False, end=_BYTES)
    return Superblock(bool(head[11] & _SWMR_WRITING), int.from_bytes(head[28:36], "little"))
