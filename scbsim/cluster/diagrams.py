"""Phase diagrams on a cluster: the parts into which the tasks of a job divide one."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Sequence

from scbsim.cluster.options import Options
from scbsim.estimates.one import Estimate
from scbsim.studies.phase.bundles import bundled
from scbsim.studies.phase.folder import DiagramFolder
from scbsim.studies.phase.grid import Grid
from scbsim.util.paths import resolved

_SHARE_OF_TIME = 4
"""A part takes at most this fraction of a given time limit, as an estimate may be too low."""

_LONGEST = 900.0
"""Seconds on the clock that a part takes at most where no time limit is given."""


def diagram_folder(
    path: str | os.PathLike[str],
    grid: Grid,
    each: Sequence[Estimate],
    options: Options,
    known: Collection[str],
) -> DiagramFolder:
    """Return the folder of a diagram, which is not created yet unless it is there.

    If it is there, it keeps its parts. ``each`` has the estimate of every point on one thread, and
    ``known`` the names of the options that were given. Raise OutputError if the folder holds
    another diagram.
    """
    path = resolved(path)
    if (path / DiagramFolder.MANIFEST).exists():
        return DiagramFolder(path, grid, [math.prod(grid.shape)]).created()
    return DiagramFolder(path, grid, sizes_of_parts(each, options, known))


def sizes_of_parts(each: Sequence[Estimate], options: Options, known: Collection[str]) -> list[int]:
    """Return how many points each part of a new diagram has; as :func:`diagram_folder`."""
    assert options.minutes is not None
    longest = options.minutes * 60 / _SHARE_OF_TIME if "time" in known else _LONGEST
    seconds = [one.seconds for one in each]
    return bundled(seconds, options.array_parallelism, longest * options.cpus_per_task)


def seconds_of_parts(
    sizes: Sequence[int], each: Sequence[Estimate], start: float, options: Options
) -> list[float]:
    """Return the upper seconds of parts of so many points, with ``start`` for their process."""
    seconds, first = [], 0
    for size in sizes:
        upper = [one.seconds_range[1] for one in each[first : first + size]]
        first += size
        # As many points at a time as there are threads; none is divided.
        seconds.append(start + max(sum(upper) / options.cpus_per_task, *upper))
    return seconds
