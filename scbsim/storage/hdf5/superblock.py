"""The superblock of an HDF5 file: whether a writer has it open, its length, and its repair.

HDF5 checks these only for files that it opens as finished. In a file opened as still being written,
a truncated part reads as zeros, or hangs. (HDF5 File Format Specification, section II.A,
superblock version 3.)
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any, NamedTuple

from scbsim.storage.hdf5.reading import Content
from scbsim.util.atomic import unshare

PAGE = 4096
"""Bytes of a page. HDF5 metadata never crosses the edge of a page, where a kill can cut a write in
two: readers of such a file would wait for the other half."""

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SWMR_WRITING = 0x04
_BYTES = 48
_FLAGS, _END, _CHECKSUM = 11, 28, 44


class Superblock(NamedTuple):
    """What the superblock says of a file."""

    writing: bool  # a writer has it open in single-writer mode, or died with it open
    end: int  # least number of bytes that the file must have
    sound: bool = True  # no writer has it open, died with it open, or died writing the superblock


def superblock(path: Path) -> Superblock:
    """Read the superblock of a file; other kinds and versions give no requirements."""
    with path.open("rb") as file:
        head = file.read(_BYTES)
    if not head.startswith(_SIGNATURE) or head[8:9] not in (b"", b"\3"):
        return Superblock(writing=False, end=0)
    if len(head) < _BYTES:
        return Superblock(writing=False, end=_BYTES)
    (end,) = struct.unpack_from("<Q", head, _END)
    (checksum,) = struct.unpack_from("<I", head, _CHECKSUM)
    sound = not head[_FLAGS] and checksum == lookup3(head[:_CHECKSUM])
    if not sound:
        # The writer may not have filled the last page yet.
        end -= PAGE - 1
    return Superblock(bool(head[_FLAGS] & _SWMR_WRITING), end, sound)


def repair(path: Path) -> None:
    """Clear the flags that a dead writer left, and record the true length of the file.

    Everything else stays as the writer had flushed it. Only for files that no process has open.
    Other hard links of the file keep their content.

    Raises
    ------
    ValueError
        If the file does not start like one of ours.
    OSError
        If it cannot be written.
    """
    unshare(path)
    with path.open("r+b") as file:
        try:
            finish(file.fileno())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error


def finish(handle: int) -> None:
    """Repair an open file as :func:`repair`, release reserved disk space, and fsync it.

    The length becomes a multiple of the page size, as HDF5 requires.
    """
    head = os.pread(handle, _BYTES, 0)
    if not head.startswith(_SIGNATURE) or len(head) < _BYTES or head[8] != 3:
        raise ValueError("it does not start like an HDF5 file of version 3")
    size = os.fstat(handle).st_size
    size += -size % PAGE
    os.ftruncate(handle, size)
    os.pwrite(handle, _repaired(head, size), 0)
    os.fsync(handle)


def _repaired(head: bytes, size: int) -> bytes:
    block = bytearray(head)
    block[_FLAGS] = 0
    struct.pack_into("<Q", block, _END, size)
    struct.pack_into("<I", block, _CHECKSUM, lookup3(bytes(block[:_CHECKSUM])))
    return bytes(block)


class Repaired(Content):
    """A dead writer's file as :func:`repair` would leave it, for reading only.

    HDF5 then treats the file as finished. Otherwise it would wait forever for damaged metadata to
    be completed by the writer.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        head = self.read(_BYTES)
        self._head = _repaired(head, path.stat().st_size) if len(head) == _BYTES else head

    def readinto(self, buffer: Any, /) -> int:
        """Read as any file, with the repaired superblock in place of the stored one."""
        begin, end = self.tell(), len(self._head)
        count = super().readinto(buffer)
        if count and begin < end:
            last = min(end, begin + count)
            memoryview(buffer).cast("B")[: last - begin] = self._head[begin:last]
        return count


def content_of(path: Path, block: Superblock) -> Content:
    """Return the bytes of a file that no process writes, in a form that HDF5 can read."""
    return Content(path) if block.sound else Repaired(path)


def lookup3(data: bytes) -> int:
    """Return Bob Jenkins' lookup3 hash (2006), HDF5's checksum of its metadata."""
    mask = 0xFFFFFFFF

    def rotated(x: int, by: int) -> int:
        return ((x << by) | (x >> (32 - by))) & mask

    a: int
    b: int
    c: int
    a = b = c = (0xDEADBEEF + len(data)) & mask
    at = 0
    while len(data) - at > 12:
        x, y, z = struct.unpack_from("<III", data, at)
        a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
        for by in (4, 6, 8, 16, 19, 4):
            a = ((a - c) & mask) ^ rotated(c, by)
            c = (c + b) & mask
            a, b, c = b, c, a
        at += 12
    x, y, z = struct.unpack("<III", data[at:].ljust(12, b"\0"))
    a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
    for by in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - rotated(b, by)) & mask
        a, b, c = b, c, a
    # Each turn changes one of the three and rotates them; after seven turns the last is b.
    return b
