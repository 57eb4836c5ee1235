"""The grid of a phase diagram: the specs of its points, checked before any of them runs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from scbsim.errors import Fault, InputError, SpecError
from scbsim.spec import RunSpec
from scbsim.spec.changes import change
from scbsim.spec.difference import differences
from scbsim.spec.exclusions import THRESHOLDS, TRANSITIONS
from scbsim.spec.ranges import Range, parse_range
from scbsim.studies.phase.criterion import Criterion
from scbsim.studies.phase.rules import RULES, bare, under
from scbsim.util.numbers import check_int
from scbsim.util.text import counted

MOST_POINTS = 1_000_000

_WITHOUT_EFFECT = ("dynamics.replicas", "dynamics.rule")
_PAIRS = dict([THRESHOLDS, TRANSITIONS])


class Point(NamedTuple):
    """Indices of a point: its rule, its value of y, its value of x."""

    rule: int
    y: int
    x: int


@dataclass(frozen=True)
class Grid:
    """Two keys of a spec, each over a range, under one rule or both.

    Attributes
    ----------
    base : RunSpec
        What the points share.
    x, y : Range
        At least two numbers each, ascending.
    rules : tuple of str
        Of ``sgd`` and ``l1``.
    replicas : int
        Runs at each point.
    criterion : Criterion
        When a run counts as recovered.
    """

    base: RunSpec
    x: Range
    y: Range
    rules: tuple[str, ...]
    replicas: int
    criterion: Criterion

    @classmethod
    def of(
        cls,
        base: RunSpec,
        x: str | Range,
        y: str | Range,
        *,
        rules: Sequence[str],
        replicas: int,
        recovered: str,
    ) -> Grid:
        """Make a grid from what users give, and check it as :meth:`check`.

        ``x`` and ``y`` may be ``key=range`` as text, and ``recovered`` is the criterion as text.
        """
        grid = cls(
            base=base,
            x=parse_range(x) if isinstance(x, str) else x,
            y=parse_range(y) if isinstance(y, str) else y,
            rules=tuple(rules),
            replicas=check_int("replicas", replicas),
            criterion=Criterion.parse(recovered),
        )
        grid.check()
        return grid

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of rules, of values of y, and of values of x."""
        return len(self.rules), len(self.y.values), len(self.x.values)

    def spec(self, point: Point) -> RunSpec:
        """Return the spec of a point's first replica.

        Raises
        ------
        SpecError
            If it is not valid; the message names the point.
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
        faults = change(tables, self._changes(point))
        if faults:
            raise SpecError(faults)
        return tables

    def _changes(self, point: Point) -> list[tuple[str, Any]]:
        """Return the keys and values that a point sets."""
        return [(axis.key, axis.values[at]) for axis, at in ((self.x, point.x), (self.y, point.y))]

    def named(self, point: Point) -> str:
        """Return a description of a point: its values and its rule."""
        words = ", ".join(f"{key}={value}" for key, value in self._changes(point))
        return f"{words} under {self.rules[point.rule]}"

    def points(self) -> Iterator[Point]:
        """Yield all points. Points that share a task follow one another."""
        rules, rows, columns = (range(n) for n in self.shape)
        if self.y.key.startswith("task."):
            yield from (Point(r, y, x) for y in rows for x in columns for r in rules)
        else:
            yield from (Point(r, y, x) for x in columns for y in rows for r in rules)

    def check(self) -> None:
        """Check everything that could stop a run of the grid later on.

        Raises
        ------
        InputError
            If the rules, the keys, the size or the number of replicas are not valid.
        SpecError
            If the specs of some points are not valid; the message names the first of them.
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
        for name, axis in (("x", self.x), ("y", self.y)):
            if problem := _problem(axis):
                raise SpecError([Fault(axis.key, problem)], f"the axis {name}")
        invalid = list(self._invalid())
        if invalid:
            point, error = invalid[0]
            more = f", and {counted(len(invalid) - 1, 'point')} more," if len(invalid) > 1 else ""
            raise SpecError(error.faults, f"the point {self.named(point)}{more}")

    def _invalid(self) -> Iterator[tuple[Point, SpecError]]:
        for point in self.points():
            try:
                self.spec(point)
            except SpecError as error:
                yield point, error

    def identity(self) -> dict[str, Any]:
        """Return everything that the results depend on, as JSON types."""
        tables = self._tables(Point(0, 0, 0))
        bare(tables)
        return {
            "spec": json.loads(RunSpec(**tables).to_json()),
            "x": str(self.x),
            "y": str(self.y),
            "rules": ",".join(self.rules),
            "replicas": self.replicas,
            "recovered": str(self.criterion),
        }

    def unlike(self, found: dict[str, Any]) -> list[str]:
        """Return words for how another identity differs from this one."""
        return differences(self.identity(), found)


def _same_key(key: str) -> str:
    """Return a form of a key that is equal for aliases and for keys that exclude each other."""
    parts = [str(int(part)) if part.isdecimal() else part for part in key.split(".")]
    return ".".join(_PAIRS.get(part, part) for part in parts)


def _problem(axis: Range) -> str:
    """Return what is wrong with an axis, or ""."""
    if axis.key in _WITHOUT_EFFECT or axis.key.startswith("output."):
        return "has no effect on where a run ends"
    numbers = [v for v in axis.values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(axis.values) or not all(map(math.isfinite, numbers)):
        return f"{axis} has more than numbers in it"
    if len(numbers) < 2 or sorted(numbers) != numbers:
        return f"{axis} does not rise; an axis has two numbers or more, ascending"
    return ""
