"""The grid of a phase diagram: which specs it consists of, checked before any of them runs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from scbsim.errors import Fault, InputError, SpecError
from scbsim.spec import RunSpec
from scbsim.spec.changes import change
from scbsim.spec.difference import differences
from scbsim.spec.exclusions import THRESHOLDS, TRANSITIONS
from scbsim.spec.ranges import Range
from scbsim.studies.phase.criterion import Criterion
from scbsim.studies.phase.rules import RULES, bare, under

MOST_POINTS = 1_000_000

_WITHOUT_EFFECT = ("dynamics.replicas", "dynamics.rule")
_PAIRS = dict([THRESHOLDS, TRANSITIONS])


class Point(NamedTuple):
    """Indices of a point: of its rule, in y, in x."""

    rule: int
    y: int
    x: int


@dataclass(frozen=True)
class Grid:
    """Two keys of a spec, each over its range, under some rules.

    Attributes
    ----------
    base : RunSpec
        What the points share.
    x, y : Range
        At least two numbers each, ascending.
    rules : tuple of str
        Of ``sgd`` and ``l1``.
    replicas : int
        Runs a point.
    criterion : Criterion
        What counts as recovered.
    """

    base: RunSpec
    x: Range
    y: Range
    rules: tuple[str, ...]
    replicas: int
    criterion: Criterion

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rules, values of y, values of x."""
        return len(self.rules), len(self.y.values), len(self.x.values)

    def spec(self, point: Point) -> RunSpec:
        """Return the spec of a point's first replica.

        Raises
        ------
        SpecError
            With its faults, and which point it is.
        """
        tables = self._tables(point)
        try:
            under(tables, self.rules[point.rule])
            bare(tables)
            return RunSpec(**tables)
        except SpecError as error:
            raise SpecError(error.faults, f"the point {self.named(point)}") from None

    def _tables(self, point: Point) -> dict[str, Any]:
        tables = self.base.to_dict()
        at = ((self.x, point.x), (self.y, point.y))
        faults = change(tables, [(axis.key, axis.values[index]) for axis, index in at])
        if faults:
            raise SpecError(faults)
        return tables

    def named(self, point: Point) -> str:
        """Return which point it is, as words to set in a spec."""
        at = (f"{self.x.key}={self.x.values[point.x]}", f"{self.y.key}={self.y.values[point.y]}")
        return f"{', '.join(at)} under {self.rules[point.rule]}"

    def points(self) -> Iterator[Point]:
        """Give all points; those that share a task stand together, whichever axis makes it."""
        rules, rows, columns = (range(n) for n in self.shape)
        if self.y.key.startswith("task."):
            yield from (Point(r, y, x) for y in rows for x in columns for r in rules)
        else:
            yield from (Point(r, y, x) for x in columns for y in rows for r in rules)

    def check(self) -> None:
        """Raise for everything that would stop a run of the grid later on.

        Raises
        ------
        InputError
            If there is nothing to draw over, or a number of replicas that cannot be.
        SpecError
            If some points are no specs; the first of them is named with its faults.
        """
        if not self.rules or not {*self.rules} <= {*RULES} or len({*self.rules}) < len(self.rules):
            given = ",".join(self.rules)
            raise InputError(f'rules: "{given}" is not allowed; it takes sgd, l1 or both')
        if _same_key(self.x.key) == _same_key(self.y.key):
            raise InputError(f"x and y are both {self.x.key}; they have to be two keys")
        if math.prod(self.shape) > MOST_POINTS:
            size = " x ".join(map(str, self.shape))
            raise InputError(f"rules, y and x: {size} points; up to {MOST_POINTS} are allowed")
        first = self.base.dynamics.replica
        if not 1 <= self.replicas or first + self.replicas > 2**24:
            raise InputError(
                f"replicas: {self.replicas} from replica {first} on; from 1 to 2**24 in all"
            )
        if self.base.init.from_ is not None:
            raise SpecError([Fault("init.from", "the runs of a phase diagram start from signals")])
        for name, each in (("x", self.x), ("y", self.y)):
            _check_axis(name, each)
        wrong = list(self._faulty())
        if wrong:
            point, error = wrong[0]
            more = f", and {len(wrong) - 1} points more," if len(wrong) > 1 else ""
            raise SpecError(error.faults, f"the point {self.named(point)}{more}")

    def _faulty(self) -> Iterator[tuple[Point, SpecError]]:
        for point in self.points():
            try:
                self.spec(point)
            except SpecError as error:
                yield point, error

    def identity(self) -> dict[str, Any]:
        """Return all that its numbers depend on, as JSON's own types."""
        first = Point(0, 0, 0)
        tables = self._tables(first)
        bare(tables)
        spec = RunSpec(**tables).to_json()
        return {
            "spec": json.loads(spec),
            "x": str(self.x),
            "y": str(self.y),
            "rules": ",".join(self.rules),
            "replicas": self.replicas,
            "recovered": str(self.criterion),
        }

    def unlike(self, found: dict[str, Any]) -> list[str]:
        """Say in what another identity differs from this one."""
        return differences(self.identity(), found)


def _same_key(key: str) -> str:
    """Return what is equal for keys of which one excludes or is the other."""
    parts = [str(int(part)) if part.isdecimal() else part for part in key.split(".")]
    return ".".join(_PAIRS.get(part, part) for part in parts)


def _check_axis(name: str, axis: Range) -> None:
    if axis.key in _WITHOUT_EFFECT or axis.key.startswith("output."):
        raise SpecError([Fault(axis.key, "has no effect on where a run ends")], f"the axis {name}")
    numbers = [v for v in axis.values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(axis.values) or not all(map(math.isfinite, numbers)):
        raise SpecError(
            [Fault(axis.key, f"{axis} has more than numbers in it")], f"the axis {name}"
        )
    if len(numbers) < 2 or sorted(numbers) != numbers:
        raise SpecError(
            [Fault(axis.key, f"{axis} does not rise; an axis has two numbers or more, ascending")],
            f"the axis {name}",
        )
