"""Removing the names of MPICH's shared memory, which it leaves behind when it is killed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_NAMES = "/dev/shm/mpich_shm_"


def forget_segments() -> None:
    """Unlink the shared memory of the ranks on this node, once all of them have mapped it.

    Without a name it is freed with the last process that maps it. A name left by killed ranks would
    be found by the next ones with the same job number, as when Slurm requeues a job, and they would
    wait for the killed ones.
    """
    with suppress(OSError):
        for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
            _, _, path = line.partition(_NAMES)
            if path and " " not in path:
                Path(_NAMES + path).unlink(missing_ok=True)
