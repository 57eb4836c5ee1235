"""Bundles of points that take about as long as one another, by estimate."""

from __future__ import annotations

import math

from scbsim.engines.cost import DENSE_ENTRY
from scbsim.engines.select import plan_of
from scbsim.spec import RunSpec
from scbsim.studies.phase.grid import Grid, Point
from scbsim.studies.phase.tasks import Tasks
from scbsim.task import Task

SHORTEST = 60.0
"""Seconds that a bundle takes at least, since its process takes some seconds to start."""

_BEGIN = 0.01
"""Seconds to draw the task of a point, and to build its engine."""

_ESTIMATED = 12
"""Values along an axis for which costs are estimated; between them those of a neighbour count."""


def run_seconds(spec: RunSpec, task: Task) -> float:
    """Return about how long a run of a spec takes on one thread, if all its stages last."""
    # With a margin: the constants are those of a fast processor.
    return plan_of(spec, task).step_seconds / DENSE_ENTRY * 1e-9 * spec.total_steps


def bundled(grid: Grid, bundles: int, longest: float) -> list[list[Point]]:
    """Group the points of a grid, in their order.

    Parameters
    ----------
    grid : Grid
    bundles : int
        About how many to make, if each takes at least :data:`SHORTEST` and at most ``longest``.
    longest : float
        Seconds on one thread, which single points may exceed.
    """
    points = list(grid.points())
    costs = _Costs(grid)
    seconds = [costs.of(point) for point in points]
    total = sum(seconds)
    # Bundles are equal stretches of the time of all; a point is in that of its middle.
    stretch = total / math.ceil(total / min(max(total / bundles, SHORTEST), longest))
    found: list[list[Point]] = []
    spent, last = 0.0, -1
    for point, each in zip(points, seconds, strict=True):
        if (here := int((spent + each / 2) / stretch)) != last:
            found.append([])
        found[-1].append(point)
        spent, last = spent + each, here
    return found


class _Costs:
    """Estimates for some points of a grid, which count for their neighbours too."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._strides = [-(-size // _ESTIMATED) for size in grid.shape[1:]]
        self._tasks = Tasks()
        self._known: dict[Point, float] = {}

    def of(self, point: Point) -> float:
        """Return about how many seconds the runs of a point take on one thread."""
        # The last of some neighbours, which on a rising axis mostly takes the longest.
        along = zip(point[1:], self._strides, self._grid.shape[1:], strict=True)
        y, x = (min(i // stride * stride + stride, size) - 1 for i, stride, size in along)
        near = Point(point.rule, y, x)
        if near not in self._known:
            spec = self._grid.spec(near)
            each = run_seconds(spec, self._tasks.of(spec.task))
            self._known[near] = _BEGIN + self._grid.replicas * each
        return self._known[near]
