"""How much memory there is, asked before a large state is made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from scbsim.errors import MemoryNeeded
from scbsim.util.cgroups import own_groups

_MATRICES_OF_A_DRAW = 5  # (N, N) of float64, at the most at once

_NOT_ASKED = 2**24  # bytes; asking takes milliseconds, and so little is always there

# By controller, of versions 2 and 1: mount, limit, use, and what of the use is given up at need.
_ACCOUNTS = {
    "": ("", "memory.max", "memory.current", "inactive_file"),
    "memory": ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def available() -> int | None:
    """Return the bytes that can still be used, or None where the system does not say.

    The machine's, or fewer where a container or a scheduler sets this process a limit.
    """
    told = [left for left in (_of_machine(), *_of_cgroups()) if left is not None]
    return min(told, default=None)


def _of_cgroups() -> Iterator[int | None]:
    """Give what is left of the memory of each control group that this process is in."""
    for controller, group in own_groups({name: mount for name, (mount, *_) in _ACCOUNTS.items()}):
        yield _left(group, *_ACCOUNTS[controller][1:])


def _left(group: Path, limit: str, use: str, spare: str) -> int | None:
    try:
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        used = int((group / use).read_text()) - int(stat.get(spare, 0))
        return max(0, int((group / limit).read_text()) - used)
    except (OSError, ValueError):
        # No such group in sight of a container, or no limit ("max").
        return None


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


_SMALLER = "make N or T smaller, keep to dynamics.precision = 'float32', or take a larger machine"


def require(needed: int, what: str, instead: str = _SMALLER) -> None:
    """Refuse a state that will not fit.

    Parameters
    ----------
    needed : int
        Bytes.
    what : str
        Who needs them.
    instead : str
        What to do.

    Raises
    ------
    MemoryNeeded
        With how much is needed, how much there is, and what to do.
    """
    if needed < _NOT_ASKED:
        return
    there = available()
    if there is not None and needed > there:
        raise MemoryNeeded(
            f"{what} needs {needed / 1e9:.1f} GB of memory, and {there / 1e9:.1f} GB are free: "
            f"{instead}"
        )


def fits(needed: float) -> bool:
    """Return whether there is so much, in bytes, or nothing is said of that."""
    if needed < _NOT_ASKED:
        return True
    there = available()
    return there is None or needed <= there


def require_task(N: int) -> None:
    """Refuse to draw a task with its P that will not fit; what stays of it is a fifth.

    Parameters
    ----------
    N : int
        Size of the vocabulary; its transition matrix is (N, N), whatever T is.

    Raises
    ------
    MemoryNeeded
    """
    require(
        _MATRICES_OF_A_DRAW * 8 * N * N,
        f"drawing a task of N = {N}",
        "make N smaller, or give task.K_P, by which a task is known without its matrix P",
    )
