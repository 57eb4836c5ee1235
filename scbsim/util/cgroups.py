"""The control groups of this process, by which a container or a scheduler sets limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

_OWN = Path("/proc/self/cgroup")
_ROOT = Path("/sys/fs/cgroup")


def own_groups(mounts: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Give the groups that this process is in, and those that they are in: all limits hold.

    Parameters
    ----------
    mounts : mapping
        Where controllers are mounted, by their names; the name of version 2 is empty.

    Yields
    ------
    controller, folder
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
