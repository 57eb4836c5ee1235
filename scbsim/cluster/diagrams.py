"""Phase diagrams on a cluster: the parts into which the tasks of a job divide one."""

from __future__ import annotations

import math
import os

from scbsim.cluster.options import Options
from scbsim.studies.phase.bundles import bundled
from scbsim.studies.phase.folder import DiagramFolder
from scbsim.studies.phase.grid import Grid
from scbsim.util.paths import resolved

_SHARE_OF_TIME = 4
"""A part takes at most this fraction of a task's time, as an estimate may be too low."""


def diagram_folder(path: str | os.PathLike[str], grid: Grid, options: Options) -> DiagramFolder:
    """Return the folder of a diagram, which is not created yet unless it is there.

    If it is there, it keeps its parts. Raise OutputError if it holds another diagram.
    """
    path = resolved(path)
    if (path / DiagramFolder.MANIFEST).exists():
        return DiagramFolder(path, grid, [math.prod(grid.shape)]).created()
    assert options.minutes is not None
    longest = options.minutes * 60 * options.cpus_per_task / _SHARE_OF_TIME
    groups = bundled(grid, options.array_parallelism, longest)
    return DiagramFolder(path, grid, [len(points) for points in groups])
