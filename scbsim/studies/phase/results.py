"""The numbers of a phase diagram, as far as they are known."""

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
    """What the runs of a point came to.

    Attributes
    ----------
    recovered, diverged : int
        Runs.
    medians : (9,) float64
        Of the last observables, over the runs that did not diverge; NaN if all did.
    engine : str
    """

    recovered: int
    diverged: int
    medians: NDArray[np.float64]
    engine: str


@dataclass
class Results:
    """What is known of each point, (rule, y, x), and whether anything is.

    Attributes
    ----------
    counts : dict of int64 arrays
        By the names in ``COUNTS``.
    medians : (9, rule, y, x) float64
    done : bool
    engines : dict of str to list of str
        What ran the points, by rule.
    """

    counts: dict[str, NDArray[np.int64]]
    medians: NDArray[np.float64]
    done: NDArray[np.bool_]
    engines: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> Results:
        """Return those of a grid of which no point is done."""
        return cls(
            counts={name: np.zeros(shape, np.int64) for name in COUNTS},
            medians=np.full((len(NAMES), *shape), np.nan),
            done=np.zeros(shape, bool),
        )

    def take(self, grid: Grid, point: Point, outcome: PointOutcome) -> None:
        """Take in a point that is done."""
        self.counts["recovered"][point] = outcome.recovered
        self.counts["diverged"][point] = outcome.diverged
        self.counts["replicas"][point] = grid.replicas
        self.medians[(slice(None), *point)] = outcome.medians
        self.done[point] = True
        known = self.engines.setdefault(grid.rules[point.rule], [])
        if outcome.engine not in known:
            known.append(outcome.engine)
            known.sort()

    def engines_json(self) -> str:
        """Return the engines as JSON that does not depend on which point was done first."""
        return json.dumps(self.engines, sort_keys=True)

    def dataset(self, grid: Grid, attributes: dict[str, Any]) -> xr.Dataset:
        """Return them as a dataset along ``rule``, ``y`` and ``x``."""
        import xarray as xr

        data: dict[str, Any] = {
            name: (DIMS, array.copy(), {"long_name": COUNTS[name]})
            for name, array in self.counts.items()
        }
        for o, median in zip(OBSERVABLES, self.medians, strict=True):
            data[f"median_{o.name}"] = (DIMS, median.copy(), {"long_name": median_of(o.long_name)})
        data["done"] = (DIMS, self.done.copy())
        coords = {
            "rule": list(grid.rules),
            **{
                name: (name, np.array(axis.values), {"key": axis.key, "spacing": axis.spacing})
                for name, axis in (("y", grid.y), ("x", grid.x))
            },
        }
        said = grid.identity()
        spec = json.dumps(said.pop("spec"))
        attrs = {"spec": spec, "grid": json.dumps(said), "engines": self.engines_json()}
        return xr.Dataset(data, coords, {**attributes, **attrs})


def median_of(long_name: str) -> str:
    """Say of what a median is one."""
    return f"{long_name}, at the end: median of the runs that did not diverge"
