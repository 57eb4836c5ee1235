"""The free memory, which is checked before a large state is allocated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from scbsim.errors import MemoryNeeded
from scbsim.util.cgroups import own_groups

_MATRICES_OF_A_DRAW = 5  # (N, N) of float64, at the same time

_ALWAYS_FITS = 2**24  # bytes; below, the check, which takes milliseconds, is skipped

# By controller, of cgroups v2 and v1: mount, limit, use, and the part of the use that can be freed.
_ACCOUNTS = {
    "": ("", "memory.max", "memory.current", "inactive_file"),
    "memory": ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def available() -> int | None:
    """Return the free bytes of the machine and of the process's cgroups; None if unknown."""
    found = [free for free in (_of_machine(), *_of_cgroups()) if free is not None]
    return min(found, default=None)


def _of_cgroups() -> Iterator[int]:
    """Yield the free bytes of each cgroup with a limit."""
    for controller, group in own_groups({name: mount for name, (mount, *_) in _ACCOUNTS.items()}):
        _, limit, use, spare = _ACCOUNTS[controller]
        try:
            stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            used = int((group / use).read_text()) - int(stat.get(spare, 0))
            yield max(0, int((group / limit).read_text()) - used)
        except (OSError, ValueError):
            # The group is not visible in this container, or it has no limit ("max").
            continue


def _of_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


_SMALLER = "make N or T smaller, or take a larger machine"


def smaller(itemsize: int) -> str:
    """Return what to do about entries of so many bytes that do not fit."""
    if itemsize <= 4:
        return _SMALLER
    return 'make N or T smaller, take dynamics.precision = "float32", or a larger machine'


def require(needed: int, what: str, instead: str = _SMALLER) -> None:
    """Raise :class:`MemoryNeeded` unless ``needed`` bytes are free.

    The message says that ``what`` needs them, and to do ``instead``.
    """
    free = None if needed < _ALWAYS_FITS else available()
    if free is not None and needed > free:
        raise MemoryNeeded(
            f"{what} needs {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free: "
            f"{instead}"
        )


def fits(needed: float) -> bool:
    """Return True if ``needed`` bytes are free, or if the free memory is unknown."""
    free = None if needed < _ALWAYS_FITS else available()
    return free is None or needed <= free


def require_task(N: int) -> None:
    """Raise :class:`MemoryNeeded` if drawing a task with its (N, N) matrix P does not fit.

    A fifth of the memory stays in use afterwards.
    """
    require(
        _MATRICES_OF_A_DRAW * 8 * N * N,
        f"drawing a task of N = {N}",
        "make N smaller, or set task.K_P, with which a task needs no matrix P",
    )
