"""The numbers of a phase diagram, for the points that are done so far."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES, OBSERVABLES
from scbsim.studies.phase.grid import Grid, Point

if TYPE_CHECKING:
    import xarray as xr

DIMS = ("rule", "y", "x")
COUNTS = {
    "recovered": "runs that recovered the truth",
    "diverged": "runs that diverged; none of them counts as recovered",
    "replicas": "runs in all, 0 where the point is not done",
}


class PointOutcome(NamedTuple):
    """Results of the runs of a point.

    Attributes
    ----------
    recovered, diverged : int
        Numbers of runs.
    medians : (9,) float64
        Medians of the last observables over the runs that did not diverge; NaN if all did.
    engine : str
    """

    recovered: int
    diverged: int
    medians: NDArray[np.float64]
    engine: str


@dataclass
class Results:
    """Results of all points.

    Attributes
    ----------
    counts : dict of str to (rule, y, x) int64
        By the names in ``COUNTS``.
    medians : (9, rule, y, x) float64
    done : (rule, y, x) bool
    engines : dict of str to list of str
        Engines that ran the points, by rule, sorted.
    """

    counts: dict[str, NDArray[np.int64]]
    medians: NDArray[np.float64]
    done: NDArray[np.bool_]
    engines: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> Results:
        """Return the results of a grid without any point done."""
        return cls(
            counts={name: np.zeros(shape, np.int64) for name in COUNTS},
            medians=np.full((len(NAMES), *shape), np.nan),
            done=np.zeros(shape, bool),
        )

    def take(self, grid: Grid, point: Point, outcome: PointOutcome) -> None:
        """Store the outcome of a point."""
        self.counts["recovered"][point] = outcome.recovered
        self.counts["diverged"][point] = outcome.diverged
        self.counts["replicas"][point] = grid.replicas
        self.medians[(slice(None), *point)] = outcome.medians
        self.done[point] = True
        rule = grid.rules[point.rule]
        self.engines[rule] = sorted({*self.engines.get(rule, ()), outcome.engine})

    def dataset(self, grid: Grid, attributes: dict[str, Any]) -> xr.Dataset:
        """Return a dataset along ``rule``, ``y`` and ``x``, with further attributes."""
        import xarray as xr

        data: dict[str, Any] = {
            name: (DIMS, array.copy(), {"long_name": COUNTS[name]})
            for name, array in self.counts.items()
        }
        for o, median in zip(OBSERVABLES, self.medians, strict=True):
            long_name = f"{o.long_name}, at the end: median of the runs that did not diverge"
            data[f"median_{o.name}"] = (DIMS, median.copy(), {"long_name": long_name})
        data["done"] = (DIMS, self.done.copy())
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
