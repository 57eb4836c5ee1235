"""What MPICH leaves behind in memory when its processes are killed, and how it leaves nothing."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_NAMES = "/dev/shm/mpich_shm_"


def forget_segments() -> None:
    """Take away the names of the memory by which ranks on this node meet; all must have met.

    What has no name goes with the last process that has it, however that ends. A name that stayed
    would be found by the next ranks of the same number: Slurm starts a job that it puts back into
    the queue under the same one, and they would wait for those that were killed.
    """
    with suppress(OSError):
        for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
            _, _, path = line.partition(_NAMES)
            if path and " " not in path:
                Path(_NAMES + path).unlink(missing_ok=True)
