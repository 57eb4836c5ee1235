"""How many cores this process may use: fewer than the machine has, where it is not its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from scbsim.util.cgroups import own_groups

OF_LIBRARIES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""The variables by which the libraries that start threads are told how many."""

_ASKED_FOR = ("NUMBA_NUM_THREADS", "SLURM_CPUS_PER_TASK")


def usable_cores(environment: Mapping[str, str] = os.environ) -> int:
    """Return how many threads this process should use in all, if it is not told.

    The fewest of the cores that it may run on, of those whose time its control groups let it
    have, of ``NUMBA_NUM_THREADS``, and of what a job of Slurm asked for a task.
    """
    asked = (environment.get(name, "") for name in _ASKED_FOR)
    limits = [int(words) for words in asked if words.isascii() and words.isdigit()]
    return max(1, min([len(allowed()), *(n for n in limits if n > 0), *_quotas()]))


def allowed() -> set[int]:
    """Return the numbers of the cores that this process may run on."""
    there = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    return set(there) or set(range(os.cpu_count() or 1))


def _quotas() -> Iterator[int]:
    """Give the cores whose time each control group may have, rounded up."""
    for controller, group in own_groups({"": "", "cpu": "cpu"}):
        try:
            if controller:
                quota = int((group / "cpu.cfs_quota_us").read_text())
                period = int((group / "cpu.cfs_period_us").read_text())
            else:
                quota, period = map(int, (group / "cpu.max").read_text().split())
        except (OSError, ValueError):
            # No such group in sight of a container, or no limit ("max").
            continue
        if quota > 0 and period > 0:
            yield -(-quota // period)
