"""What a boundary study is: curves, each with a spec and two keys, read from one TOML file."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scbsim.errors import Fault, InputError, SpecError
from scbsim.spec import RunSpec
from scbsim.spec.changes import change, override
from scbsim.spec.ranges import Range, parse_range
from scbsim.studies.phase.criterion import DEFAULT, Criterion
from scbsim.studies.phase.rules import bare
from scbsim.util.numbers import as_float, check_int

KEYS: Final = {
    "along": "",
    "find": "",
    "level": 0.5,
    "replicas": 16,
    "seeds": 3,
    "recovered": DEFAULT,
    "lost": "loss >= 1",
    "color": "",
    "line": "solid",
}
"""Keys of ``[boundary]`` that each curve may replace, with their defaults."""

OF_CURVE: Final = ("name", "set")
LINES: Final = ("solid", "dashed", "dotted", "thin")
COLORS: Final = ("blue", "vermilion", "green", "purple", "orange", "sky", "black", "grey")
_WITHOUT_EFFECT: Final = ("dynamics.replicas",)


_OWN_TASK = (
    "a boundary draws a task of its own for each seed, and takes none from a file; give task.N, "
    "task.T and task.Q, or try the file at single values with `scbsim run` or `scbsim sweep`"
)


@dataclass(frozen=True)
class Curve:
    """One boundary: for every value of a key, the least value of another at which runs recover.

    Attributes
    ----------
    name : str
    tables : dict
        The spec, as plain tables.
    along, find : Range
        The two keys and their values, ascending.
    level : float
        The share of runs that must recover.
    replicas : int
        Runs at each point.
    seeds : int
        Searches that differ in ``seed`` and ``task.seed``: the spec's, one more, and so on.
    criterion : Criterion
        When a run counts as recovered, after its last step.
    lost : Criterion
        When it counts as failed, after any step.
    color, line : str
        How it is drawn: one of `COLORS`, or "" for the next one, and one of `LINES`.
    """

    name: str
    tables: dict[str, Any]
    along: Range
    find: Range
    level: float
    replicas: int
    seeds: int
    criterion: Criterion
    lost: Criterion
    color: str
    line: str

    def spec(self, seed: int, x: int, y: int) -> RunSpec:
        """Return the spec of a point: the numbers of its seed and of its values of both keys.

        Raises
        ------
        SpecError
            If it is not valid; the message names the point.
        """
        tables = copy.deepcopy(self.tables)
        faults = change(tables, self._changes(x, y))
        try:
            if faults:
                raise SpecError(faults)
            bare(tables)
            spec = RunSpec.from_dict(tables)
            if spec.task.from_:
                raise SpecError([Fault("task.from", _OWN_TASK)])
            return spec.replace(**{"seed": spec.seed + seed, "task.seed": spec.task.seed + seed})
        except SpecError as error:
            raise SpecError(error.faults, self.named(seed, x, y)) from None

    def _changes(self, x: int, y: int) -> list[tuple[str, Any]]:
        return [(self.along.key, self.along.values[x]), (self.find.key, self.find.values[y])]

    def named(self, seed: int, x: int, y: int) -> str:
        """Return a description of a point."""
        words = ", ".join(f"{key}={value}" for key, value in self._changes(x, y))
        return f'the point {words} of "{self.name}", seed {seed} of {self.seeds}'

    def check(self) -> None:
        """Check the specs at both ends of both ranges; :class:`SpecError` if one is not valid."""
        for x in {0, len(self.along.values) - 1}:
            for y in {0, len(self.find.values) - 1}:
                if self.spec(0, x, y).init.from_ is not None:
                    problem = "the runs of a boundary start from signals or a correlation"
                    raise SpecError([Fault("init.from", problem)])

    def identity(self) -> dict[str, Any]:
        """Return everything that its results depend on, as JSON types."""
        return {
            "spec": json.loads(self.spec(0, 0, 0).to_json()),
            "along": str(self.along),
            "find": str(self.find),
            "level": self.level,
            "replicas": self.replicas,
            "seeds": self.seeds,
            "recovered": str(self.criterion),
            "lost": str(self.lost),
        }


def read_study(
    tables: Mapping[str, Any],
    options: Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
) -> list[Curve]:
    """Return the curves of a study.

    Parameters
    ----------
    tables : mapping
        A spec as dicts, perhaps with ``boundary``, whose ``curve`` is a list of tables.
    options : mapping, optional
        Keys of `KEYS` that replace those of the whole study; None leaves them.
    overrides : sequence of str
        ``key=value`` as after ``--set``, for all curves; a curve's own ``set`` comes after them.

    Raises
    ------
    SpecError
        If a key, a range or a spec at the ends of the ranges is not valid.
    """
    base = {key: value for key, value in copy.deepcopy(dict(tables)).items() if key != "boundary"}
    common = dict(tables.get("boundary", {}))
    curves = common.pop("curve", [{}])
    if not isinstance(curves, list) or not all(isinstance(each, Mapping) for each in curves):
        raise SpecError([Fault("boundary.curve", "is not a list of tables [[boundary.curve]]")])
    if faults := override(base, overrides):
        raise SpecError(faults)
    given = {key: value for key, value in (options or {}).items() if value is not None}
    made = []
    for number, own in enumerate(curves):
        place = f"boundary.curve.{number}" if "curve" in tables.get("boundary", {}) else "boundary"
        _refuse_unknown(common, KEYS, "boundary")
        _refuse_unknown(own, (*OF_CURVE, *KEYS), place)
        made.append(_curve(base, {**KEYS, **common, **own, **given}, place))
    names = [curve.name for curve in made]
    if len({*names}) < len(names):
        raise SpecError([Fault("boundary.curve", f"two have the same name: {', '.join(names)}")])
    for curve in made:
        curve.check()
    return made


def _refuse_unknown(table: Mapping[str, Any], known: Any, place: str) -> None:
    if unknown := sorted({*table} - {*known}):
        problem = f"unknown key; there are {', '.join(known)}"
        raise SpecError([Fault(f"{place}.{key}", problem) for key in unknown])


def _curve(base: Mapping[str, Any], table: Mapping[str, Any], place: str) -> Curve:
    tables = copy.deepcopy(dict(base))
    words = table.get("set", [])
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise SpecError([Fault(f"{place}.set", 'is not a list of words "key=value"')])
    if faults := override(tables, words):
        raise SpecError(faults, f"{place}.set")
    level = as_float(table["level"])
    if level is None or not 0.0 < level <= 1.0:
        problem = f"{table['level']!r} is no share of runs: a number above 0, up to 1"
        raise SpecError([Fault(f"{place}.level", problem)])
    for key, known in (("line", LINES), ("color", ("", *COLORS))):
        if table[key] not in known:
            problem = f"{table[key]!r} is not one of {', '.join(filter(None, known))}"
            raise SpecError([Fault(f"{place}.{key}", problem)])
    return Curve(
        name=str(table.get("name", "boundary")),
        tables=tables,
        along=_range(table["along"], f"{place}.along"),
        find=_range(table["find"], f"{place}.find"),
        level=level,
        replicas=check_int("replicas", table["replicas"], 1),
        seeds=check_int("seeds", table["seeds"], 1),
        criterion=Criterion.parse(str(table["recovered"])),
        lost=Criterion.parse(str(table["lost"])),
        color=str(table["color"]),
        line=str(table["line"]),
    )


def _range(words: Any, place: str) -> Range:
    if not isinstance(words, str) or not words:
        problem = "missing; it is key=range, such as task.T=1e3:1e9:7log"
        raise SpecError([Fault(place, problem)])
    found = parse_range(words)
    numbers = [v for v in found.values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(found.values) or not all(0 < value < math.inf for value in numbers):
        raise SpecError([Fault(place, f"{words} has values that are not above 0")])
    if sorted(numbers) != numbers:
        raise SpecError([Fault(place, f"{words} does not rise")])
    if found.key in _WITHOUT_EFFECT or found.key.startswith("output."):
        raise InputError(f"{place}: {found.key} has no effect on where a run ends")
    return found
