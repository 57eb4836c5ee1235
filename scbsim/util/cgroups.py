"""The control groups (cgroups) of this process, by which containers and schedulers set limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

_OWN = Path("/proc/self/cgroup")
_ROOT = Path("/sys/fs/cgroup")


def own_groups(mounts: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield the controller and folder of each group of this process and of each of its parents.

    ``mounts`` has the mount point of each controller; that of cgroups v2 has an empty name. The
    limits of all groups apply.
    """
    try:
        lines = _OWN.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in {*controllers.split(",")} & mounts.keys():
            own = PurePosixPath(path.lstrip("/"))
            for group in (own, *own.parents):
                yield controller, _ROOT / mounts[controller] / group
