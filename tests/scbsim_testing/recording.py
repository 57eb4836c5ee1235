"""What a run does to its folder, call by call, and the folder that a kill at one of them leaves.

A process that is killed leaves what its calls have done until then: the system keeps their effects,
whatever becomes of the process. So one run is recorded, and its calls are made again up to a kill.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

WHOLE, HALF, PAGE = 0, 1, 2
"""How much of the fatal write is done: nothing, half, or what comes before its last page."""

PAGE_BYTES = 4096


class Call(NamedTuple):
    """A call as the shim writes it down."""

    what: str
    name: str
    at: int
    data: bytes
    log_length: int
    other: str

    def again(self, folder: Path) -> None:
        """Make it in another folder; it fails there as it did."""
        with suppress(FileNotFoundError, FileExistsError):
            REPEATED[self.what](self, folder / self.name, folder / self.other)

    def part(self, torn: int) -> Call:
        """Return what is done of it if it is torn."""
        count = 0
        if self.what in ("write", "pwrite") and torn == HALF:
            count = len(self.data) // 2
        if self.what in ("write", "pwrite") and torn == PAGE:
            beyond = (self.at + len(self.data)) % PAGE_BYTES
            count = len(self.data) - beyond if beyond < len(self.data) else 0
        return self._replace(data=self.data[:count])

    def __str__(self) -> str:
        return f"{self.what} {self.name}"


def _write(call: Call, path: Path, _other: Path) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(handle, call.data, call.at)
    finally:
        os.close(handle)


REPEATED = {
    "write": _write,
    "pwrite": _write,
    "ftruncate": lambda call, path, _: os.truncate(path, call.at),
    "open": lambda call, path, _: os.close(os.open(path, call.at, 0o666)),
    "unlink": lambda _call, path, _: os.unlink(path),
    "rename": lambda _call, path, other: os.rename(other, path),
    "link": lambda _call, path, other: os.link(other, path),
    "fsync": lambda *_: None,
}
"""How each call is made again; of those that are not here, no run has made one."""


class Recording:
    """The calls of a run.

    Parameters
    ----------
    before : dict
        The content of each file in its folder, before it began.
    trace : bytes
        The calls, as the shim wrote them down.
    log : bytes
        The log that the run wrote beside its folder.
    """

    def __init__(self, before: dict[str, bytes], trace: bytes, log: bytes) -> None:
        self._before, self._log = before, log
        self.calls = list(_calls(trace))

    def leave(self, fatal: int, torn: int, folder: Path, log: Path) -> None:
        """Make an empty folder, and the log, what a kill at a call (from 1 on) leaves."""
        *done, last = self.calls[:fatal]
        self._repeat(done, folder)
        if part := last.part(torn).data:
            last._replace(data=part).again(folder)
        log.write_bytes(self._log[: last.log_length])

    def repeat(self, folder: Path) -> None:
        """Make an empty folder what the run left at its end."""
        self._repeat(self.calls, folder)

    def _repeat(self, calls: list[Call], folder: Path) -> None:
        for name, content in self._before.items():
            (folder / name).write_bytes(content)
        for call in calls:
            call.again(folder)


def _calls(trace: bytes) -> Iterator[Call]:
    at = 0
    while at < len(trace):
        end = trace.index(b"\n", at)
        what, place, size, log_length, name, other = trace[at:end].decode().split(" ")
        at = end + 1 + int(size)
        yield Call(what, name, int(place), trace[end + 1 : at], int(log_length), other)
