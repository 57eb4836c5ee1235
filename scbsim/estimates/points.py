"""What the points of phase diagrams take, and those of the search for a boundary."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial

from scbsim.estimates.many import Estimates, Total, total
from scbsim.estimates.one import Estimate, factor_of
from scbsim.estimates.rates import Rates, machine_rates
from scbsim.spec import RunSpec
from scbsim.storage.needed import DiskNeeded
from scbsim.studies.boundary.search import bracket
from scbsim.studies.boundary.study import Curve
from scbsim.studies.phase.grid import Grid, Point
from scbsim.util.numbers import time_in_words
from scbsim.util.text import counted

_MUCH = 10.0
"""Ratio of the longest point of a search to the shortest, from which an estimate says so."""

_VALUES = 24
"""Values along an axis that are estimated; between them those of a neighbour count."""


class PointEstimates:
    """Estimates of points: all replicas together on one thread, in a process that others share.

    Nothing is started, written or normalised for a point. Points of one key differ in seeds at
    most, and are estimated once.
    """

    def __init__(self, rates: Rates | None = None, *, search: bool = False) -> None:
        rates = rates or machine_rates()
        self._estimates = Estimates(rates, threads=1, search=search)
        self._factor = factor_of(rates)
        self._known: dict[Hashable, Estimate] = {}

    def of(self, key: Hashable, spec: Callable[[], RunSpec], replicas: int) -> Estimate:
        """Return the estimate of the replicas of a spec, which is made if it is needed."""
        if key not in self._known:
            made = spec()
            dynamics = made.dynamics.model_copy(update={"replicas": replicas})
            found = self._estimates.of(made.model_copy(update={"dynamics": dynamics}))
            self._known[key] = _without_files(found, self._factor)
        return self._known[key]


def point_estimates(grid: Grid, rates: Rates | None = None) -> Iterator[Estimate]:
    """Yield the estimate of each point of a diagram, in their order."""
    estimates = PointEstimates(rates)
    sizes = grid.shape[1:]
    for point in grid.points():
        y, x = (_near(i, size) for i, size in zip(point[1:], sizes, strict=True))
        near = Point(point.rule, y, x)
        yield estimates.of(near, partial(grid.spec, near), grid.replicas)


def _near(i: int, size: int) -> int:
    """Return the value along an axis whose estimate counts for value ``i``.

    It is the last of some neighbours, which on a rising axis mostly takes the longest.
    """
    stride = -(-size // _VALUES)
    return min(i // stride * stride + stride, size) - 1


def total_of_phase(grid: Grid, rates: Rates | None = None) -> Total:
    """Return what all points of a phase diagram take."""
    return total(point_estimates(grid, rates))


def total_of_boundaries(curves: Sequence[Curve], rates: Rates | None = None) -> Total:
    """Return the most that the searches of a study take.

    It is an upper limit: every search is taken to run the points that together take the longest
    among all that it may run, and every run to take all of its steps.
    """
    estimates = PointEstimates(rates, search=True)
    found: list[Estimate] = []
    notes = []
    for c, curve in enumerate(curves):
        size = len(curve.find.values)
        least = most = 0.0
        alike = True
        for x in range(len(curve.along.values)):
            each = [_of_place(estimates, c, curve, x, _near(y, size)) for y in range(size)]
            alike &= max(seconds := [one.seconds for one in each]) < _MUCH * min(seconds)
            # A search begins where those before it point to, the first one at the lowest value.
            starts = range(size) if x else range(1)
            cheapest, dearest = _extremes(seconds, starts)
            found += [each[y] for y in dearest] * curve.seeds
            least += curve.seeds * sum(each[y].seconds for y in cheapest)
            most += curve.seeds * sum(each[y].seconds for y in dearest)
        if not alike:
            notes.append(
                f'"{curve.name}" takes from {time_in_words(least)} to {time_in_words(most)}, by '
                f"where its boundary is: steps take longer at some values of {curve.find.key}"
            )
    points = counted(len(found), "point")
    limit = f"an upper limit, of {points}: bisection runs those that it needs, mostly fewer"
    summed = total(found)
    return replace(summed, notes=(*summed.notes, limit, *notes))


def _of_place(estimates: PointEstimates, c: int, curve: Curve, x: int, y: int) -> Estimate:
    return estimates.of((c, x, y), partial(curve.spec, 0, x, y), curve.replicas)


def _extremes(seconds: Sequence[float], starts: Iterable[int]) -> tuple[list[int], list[int]]:
    """Return the places that a search runs, where they take the least in all, and the most.

    It may begin at any of ``starts``, and the boundary may be anywhere.
    """
    searches = [
        _visited(len(seconds), start, boundary)
        for start in starts
        for boundary in range(len(seconds) + 1)
    ]

    def spent(places: list[int]) -> float:
        return sum(seconds[y] for y in places)

    return min(searches, key=spent), max(searches, key=spent)


@cache
def _visited(size: int, start: int, boundary: int) -> list[int]:
    """Return the places that a search runs where those from ``boundary`` on succeed."""
    found: list[int] = []

    def succeeds(y: int) -> bool:
        found.append(y)
        return y >= boundary

    bracket(succeeds, size, start)
    return found


def _without_files(found: Estimate, factor: float) -> Estimate:
    """Return what is left of an estimate if the run has no process and no files of its own.

    ``factor`` is that of its range.
    """
    parts = {name: found.parts[name] for name in ("task", "steps", "entries")}
    seconds = sum(parts.values())
    others = found.seconds - seconds
    low, high = found.seconds_range
    return replace(
        found,
        parts=parts,
        seconds=seconds,
        seconds_range=(low - others / factor, high - others * factor),
        disk=DiskNeeded(0, 0, 0, 0, 0),
    )
