"""The cores that this process may use: their number, and what they are."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

from scbsim.util.cgroups import own_groups

OF_LIBRARIES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""The variables that set the number of threads in numerical libraries."""

_ASKED_FOR = ("NUMBA_NUM_THREADS", "SLURM_CPUS_PER_TASK")


def usable_cores(environment: Mapping[str, str] = os.environ) -> int:
    """Return the default number of threads of this process.

    The minimum of its CPU affinity, the quotas of its cgroups, ``NUMBA_NUM_THREADS``, and the CPUs
    per task of a Slurm job.
    """
    asked = (environment.get(name, "") for name in _ASKED_FOR)
    limits = [int(words) for words in asked if words.isascii() and words.isdigit()]
    return max(1, min([len(allowed()), *(n for n in limits if n > 0), *_quotas()]))


def allowed() -> set[int]:
    """Return the numbers of the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _quotas() -> Iterator[int]:
    """Yield the quota of each cgroup in cores, rounded up."""
    for controller, group in own_groups({"": "", "cpu": "cpu"}):
        try:
            if controller:
                quota = int((group / "cpu.cfs_quota_us").read_text())
                period = int((group / "cpu.cfs_period_us").read_text())
            else:
                quota, period = map(int, (group / "cpu.max").read_text().split())
        except (OSError, ValueError):
            # The group is not visible in this container, or it has no limit ("max").
            continue
        if quota > 0 and period > 0:
            yield -(-quota // period)


def cpu_name() -> str:
    """Return the name of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
