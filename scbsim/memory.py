"""How much memory there is, asked before a large state is made."""

from __future__ import annotations

import os
from pathlib import Path

from scbsim.errors import MemoryNeeded

_MATRICES_OF_A_DRAW = 5  # (N, N) of float64, at the most at once


def available() -> int | None:
    """Return the bytes that can still be used on this machine, or None where it does not say."""
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


def require(needed: int, what: str) -> None:
    """Refuse a state that will not fit.

    Parameters
    ----------
    needed : int
        Bytes.
    what : str
        Who needs them.

    Raises
    ------
    MemoryNeeded
        With how much is needed, how much there is, and what to do.
    """
    there = available()
    if there is not None and needed > there:
        raise MemoryNeeded(
            f"{what} needs {needed / 1e9:.1f} GB of memory, and {there / 1e9:.1f} GB are free: "
            "make N or T smaller, keep to dynamics.precision = 'float32', or take a larger machine"
        )


def require_task(N: int) -> None:
    """Refuse to draw a task that will not fit; what stays of it is a fifth.

    Parameters
    ----------
    N : int
        Size of the vocabulary; its transition matrix is (N, N), whatever T is.

    Raises
    ------
    MemoryNeeded
    """
    require(_MATRICES_OF_A_DRAW * 8 * N * N, f"drawing a task of N = {N}")
