"""The points of boundary searches that are done, and the boundaries that follow from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scbsim.studies.boundary.search import Bracket, bracket, guess
from scbsim.studies.boundary.study import Curve

if TYPE_CHECKING:
    import xarray as xr


class Place(NamedTuple):
    """A point: the numbers of its curve, its seed, and its values of both keys."""

    curve: int
    seed: int
    x: int
    y: int


class Count(NamedTuple):
    """The runs of a point that recovered, that diverged, their engine, and their steps.

    ``steps`` is the median, over the runs that recovered, of the step from which on they had; NaN
    without any.
    """

    recovered: int
    diverged: int
    engine: str
    steps: float = np.nan


class NotYet(Exception):
    """A search needs a point that is not done; its argument is the :class:`Place`."""


@dataclass
class Results:
    """The points that are done. All else follows from them, so a search can be repeated."""

    curves: Sequence[Curve]
    done: dict[Place, Count] = field(default_factory=dict)

    def search(self, curve: int, seed: int) -> list[Bracket]:
        """Return the brackets of a curve and seed, for each value of ``along`` in turn.

        Raises
        ------
        NotYet
            At the first point that is needed and not done.
        """
        of = self.curves[curve]
        x = np.log(of.along.values).tolist()
        found: list[Bracket] = []
        places: list[int | None] = []
        size = len(of.find.values)
        for i in range(len(x)):

            def succeeds(y: int, i: int = i) -> bool:
                place = Place(curve, seed, i, y)
                if place not in self.done:
                    raise NotYet(place)
                return self.share(place) >= of.level

            found.append(bracket(succeeds, size, guess(places, x)))
            inside = 0 <= found[-1].low and found[-1].high < size
            places.append(found[-1].high if inside else None)
        return found

    def share(self, place: Place) -> float:
        """Return the share of the runs of a point that recovered."""
        return self.done[place].recovered / self.curves[place.curve].replicas

    def boundaries(self, curve: int, seed: int) -> list[float]:
        """Return the boundary at each value of ``along``; NaN where it is not in ``find``.

        Between the two places of the bracket it is interpolated in the logarithm. Values of a
        search that is not finished are NaN.
        """
        of = self.curves[curve]
        try:
            brackets = self.search(curve, seed)
        except NotYet:
            return [np.nan] * len(of.along.values)
        found = []
        for i, (low, high) in enumerate(brackets):
            if low < 0 or high >= len(of.find.values):
                found.append(np.nan)
                continue
            fails, succeeds = (self.share(Place(curve, seed, i, y)) for y in (low, high))
            part = (of.level - fails) / (succeeds - fails)
            ends = np.log([of.find.values[low], of.find.values[high]])
            found.append(float(np.exp(ends[0] + part * (ends[1] - ends[0]))))
        return found

    def steps(self, curve: int, seed: int) -> list[float]:
        """Return the steps to recovery at the least value at which enough runs recover.

        One for each value of ``along``; NaN where :meth:`boundaries` is NaN.
        """
        try:
            brackets = self.search(curve, seed)
        except NotYet:
            return [np.nan] * len(self.curves[curve].along.values)
        size = len(self.curves[curve].find.values)
        return [
            self.done[Place(curve, seed, i, high)].steps if low >= 0 and high < size else np.nan
            for i, (low, high) in enumerate(brackets)
        ]

    def dataset(self, attributes: dict[str, Any]) -> xr.Dataset:
        """Return boundaries along curve, seed and point, and all points that were run."""
        import xarray as xr

        size = max(len(curve.along.values) for curve in self.curves)
        seeds = max(curve.seeds for curve in self.curves)
        x = np.full((len(self.curves), size), np.nan)
        boundary = np.full((len(self.curves), seeds, size), np.nan)
        steps = boundary.copy()
        for c, curve in enumerate(self.curves):
            x[c, : len(curve.along.values)] = curve.along.values
            for s in range(curve.seeds):
                boundary[c, s, : len(curve.along.values)] = self.boundaries(c, s)
                steps[c, s, : len(curve.along.values)] = self.steps(c, s)
        places = sorted(self.done)
        runs = [self.done[place] for place in places]
        columns = {name: [getattr(p, name) for p in places] for name in Place._fields}
        columns |= {name: [getattr(r, name) for r in runs] for name in ("recovered", "diverged")}
        data: dict[str, Any] = {
            "x": (("curve", "point"), x, {"long_name": "value of the key along which it is drawn"}),
            "boundary": (
                ("curve", "seed", "point"),
                boundary,
                {"long_name": "value of the key at which the share of runs crosses the level"},
            ),
            "steps": (
                ("curve", "seed", "point"),
                steps,
                {"long_name": f"{LONG_NAMES['steps']}, just above the boundary"},
            ),
            "run_steps": (
                ("run",),
                np.array([run.steps for run in runs], np.float64),
                {"long_name": LONG_NAMES["steps"]},
            ),
        }
        for name, values in columns.items():
            label = {"long_name": LONG_NAMES[name]}
            data[f"run_{name}"] = (("run",), np.array(values, np.int64), label)
        engines = {
            curve.name: sorted({self.done[p].engine for p in places if p.curve == c})
            for c, curve in enumerate(self.curves)
        }
        identity = {curve.name: curve.identity() for curve in self.curves}
        looks = {curve.name: {"color": curve.color, "line": curve.line} for curve in self.curves}
        words = {"curves": identity, "engines": engines, "looks": looks}
        coords = {"curve": [curve.name for curve in self.curves]}
        return xr.Dataset(data, coords, attributes | {k: json.dumps(v) for k, v in words.items()})


LONG_NAMES = {
    "curve": "number of the curve of a point that was run",
    "seed": "number of its seed",
    "x": "index of its value along the curve",
    "y": "index of its value of the key that is searched",
    "recovered": "runs that recovered the truth",
    "diverged": "runs that diverged; none of them counts as recovered",
    "steps": "step from which on a run counts as recovered: median of the runs that do at the end",
}
"""The variables along ``run``, one for each point that was run."""
