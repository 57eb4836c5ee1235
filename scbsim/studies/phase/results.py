"""The numbers of a phase diagram, for the points that are done so far."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES, OBSERVABLES
from scbsim.studies.phase.grid import Grid, Point

if TYPE_CHECKING:
    import xarray as xr

DIMS = ("rule", "y", "x")
LONG_NAMES = {
    "recovered": "runs that recovered the truth",
    "diverged": "runs that diverged; none of them counts as recovered",
    "replicas": "runs in all, 0 where the point is not done",
    **{
        f"median_{o.name}": f"{o.long_name}, at the end: median of the runs that did not diverge"
        for o in OBSERVABLES
    },
    "done": "whether the point is done",
}
"""The variables, all along `DIMS`."""


class PointOutcome(NamedTuple):
    """Results of the runs of a point.

    Attributes
    ----------
    recovered, diverged : int
        Numbers of runs.
    medians : (9,) float64
        Medians of the last observables over the runs that did not diverge; NaN if all did.
    engine : str
    steps : float
        Median, over the runs that recovered, of the step from which on they had; NaN without any.
    """

    recovered: int
    diverged: int
    medians: NDArray[np.float64]
    engine: str
    steps: float


@dataclass
class Results:
    """Results of all points: the arrays of `LONG_NAMES`, and by rule the sorted engines."""

    arrays: dict[str, NDArray[Any]]
    engines: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> Results:
        """Return the results of a grid without any point done."""
        arrays: dict[str, NDArray[Any]] = {}
        for name in LONG_NAMES:
            is_median = name.startswith("median_")
            arrays[name] = np.full(shape, np.nan) if is_median else np.zeros(shape, np.int64)
        return cls(arrays | {"done": np.zeros(shape, bool)})

    @property
    def done(self) -> NDArray[np.bool_]:
        """Which points are done, (rule, y, x)."""
        return self.arrays["done"]

    def store(self, grid: Grid, point: Point, outcome: PointOutcome) -> None:
        """Store the outcome of a point."""
        medians = {f"median_{name}": x for name, x in zip(NAMES, outcome.medians, strict=True)}
        counts = {"recovered": outcome.recovered, "diverged": outcome.diverged}
        for name, value in (counts | medians | {"replicas": grid.replicas, "done": True}).items():
            self.arrays[name][point] = value
        rule = grid.rules[point.rule]
        self.engines[rule] = sorted({*self.engines.get(rule, ()), outcome.engine})

    def take(self, other: Results, points: Sequence[Point]) -> None:
        """Take some points, those that are done, from other results of the same grid."""
        done = [point for point in points if other.done[point]]
        for name, array in self.arrays.items():
            for point in done:
                array[point] = other.arrays[name][point]
        for rule, names in other.engines.items():
            self.engines[rule] = sorted({*self.engines.get(rule, ()), *names})

    def dataset(self, grid: Grid, attributes: dict[str, Any]) -> xr.Dataset:
        """Return a dataset along ``rule``, ``y`` and ``x``, with further attributes."""
        import xarray as xr

        data = {
            name: (DIMS, array.copy(), {"long_name": LONG_NAMES[name]})
            for name, array in self.arrays.items()
        }
        coords: dict[str, Any] = {"rule": list(grid.rules)}
        for name, axis in (("y", grid.y), ("x", grid.x)):
            key = {"key": axis.key, "spacing": axis.spacing}
            coords[name] = (name, np.array(axis.values), key)
        identity = grid.identity()
        attrs = {
            **attributes,
            "spec": json.dumps(identity.pop("spec")),
            "grid": json.dumps(identity),
            # Sorted, so that it does not depend on the order in which points are done.
            "engines": json.dumps(self.engines, sort_keys=True),
        }
        return xr.Dataset(data, coords, attrs)
