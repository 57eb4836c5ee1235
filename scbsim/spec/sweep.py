"""Sweeps: a spec with a table ``[sweep]``, which says what varies from run to run.

``product`` has every value of each key with every value of the others; ``zip`` has lists that go
together. Values are a list, or a range as text (:mod:`scbsim.spec.ranges`).
"""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from scbsim.errors import Fault, SpecError
from scbsim.spec.ranges import parse_range
from scbsim.spec.run import RunSpec
from scbsim.spec.run_names import run_name, word
from scbsim.spec.text import assign, override, read_toml, strict_json
from scbsim.text import show

MOST_RUNS = 100_000
ZIP = "zip"
"""The name of the dimension of lists that go together."""

_SHOWN_FAULTS = 20


@dataclass(frozen=True)
class Dimension:
    """What varies together.

    Attributes
    ----------
    name : str
        The key, or ``zip``.
    keys : tuple of str
        Dotted, as after ``--set``.
    values : tuple of tuples
        One for each point, with a value for each key.
    """

    name: str
    keys: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep.

    Attributes
    ----------
    index : tuple of int
        Where it is along each dimension.
    values : dict
        What it has of the keys that vary.
    """

    index: tuple[int, ...]
    values: dict[str, Any]

    @cached_property
    def name(self) -> str:
        """What varies, as the name of a folder."""
        return run_name(self.values)


class Sweep:
    """Runs that differ in a few keys.

    Parameters
    ----------
    tables : mapping
        A spec as dicts, with ``sweep``; without it, a sweep of one run.
    base_dir : path
        The folder from which the files of ``task.from`` and ``init.from`` are named.
    where : str
        The file, for errors.

    Attributes
    ----------
    dimensions : tuple of Dimension
    runs : list of SweepRun
        In the order of the dimensions, the last one fastest.

    Raises
    ------
    SpecError
        With every fault of the table ``sweep``; :meth:`check` finds those of the runs.
    """

    def __init__(
        self, tables: Mapping[str, Any], base_dir: str | os.PathLike[str] = ".", where: str = ""
    ) -> None:
        self.tables = dict(tables)
        self.base_dir = os.path.abspath(base_dir)
        self.where = where
        faults: list[Fault] = []
        self._base = {key: table for key, table in self.tables.items() if key != "sweep"}
        self.dimensions = tuple(_dimensions(self.tables.get("sweep"), faults))
        faults += _given_twice(self.dimensions)
        count = math.prod(len(dimension.values) for dimension in self.dimensions)
        if count > MOST_RUNS:
            faults.append(Fault("sweep", f"{count} runs; up to {MOST_RUNS} are allowed"))
        if faults:
            raise SpecError(faults, where)
        self.runs = list(self._placed())

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Sweep:
        """Read a sweep from a TOML file, and check every run of it.

        Raises
        ------
        OutputError
            Where there is no such file, or it cannot be read.
        SpecError
            With every fault of the table, or else of the runs.
        """
        tables = read_toml(path)
        faults = [fault for words in overrides if (fault := override(tables, words))]
        if faults:
            raise SpecError(faults, str(path))
        sweep = cls(tables, Path(path).parent, str(path))
        varying = {key for dimension in sweep.dimensions for key in dimension.keys}
        asked = [words.partition("=")[0].strip() for words in overrides]
        faults = [
            Fault(key, "varies in [sweep], so it cannot be set") for key in asked if key in varying
        ]
        if faults:
            raise SpecError(faults, str(path))
        sweep.check()
        return sweep

    @classmethod
    def from_json(cls, text: str, base_dir: str) -> Sweep:
        """Make a sweep from what :meth:`to_json` wrote."""
        return cls(json.loads(text), base_dir)

    def to_json(self) -> str:
        """Return the tables as JSON."""
        return strict_json(self.tables)

    def _placed(self) -> Iterator[SweepRun]:
        for index in product(*(range(len(each.values)) for each in self.dimensions)):
            values = {
                key: value
                for dimension, i in zip(self.dimensions, index, strict=True)
                for key, value in zip(dimension.keys, dimension.values[i], strict=True)
            }
            yield SweepRun(index, values)

    def spec_of(self, run: SweepRun) -> RunSpec:
        """Return the spec of a run.

        Raises
        ------
        SpecError
            With every fault of it.
        """
        tables = copy.deepcopy(self._base)
        faults = [f for key, value in run.values.items() if (f := assign(tables, key, value))]
        if faults:
            raise SpecError(faults, run.name)
        return RunSpec.from_dict(tables, base_dir=self.base_dir)

    def check(self) -> None:
        """Check every run.

        Raises
        ------
        SpecError
            With every fault, said once, and the runs that it is in.
        """
        found: dict[Fault, list[str]] = {}
        for run in self.runs:
            try:
                self.spec_of(run)
            except SpecError as error:
                for fault in error.faults:
                    found.setdefault(fault, []).append(run.name)
        if not found:
            return
        faults = [
            Fault(fault.key, fault.problem + self._in_words(names))
            for fault, names in found.items()
        ]
        if len(faults) > _SHOWN_FAULTS:
            more = f"and {len(faults) - _SHOWN_FAULTS} faults more"
            faults = [*faults[:_SHOWN_FAULTS], Fault("", more)]
        raise SpecError(faults, self.where)

    def _in_words(self, names: list[str]) -> str:
        if not self.dimensions:
            return ""
        if len(names) == len(self.runs):
            return " (in every run)"
        others = len(names) - 1
        return f" (in {names[0]}{f' and {others} others' if others else ''})"


def _dimensions(table: Any, faults: list[Fault]) -> Iterator[Dimension]:
    """Read the table ``sweep``; each key of ``product`` is a dimension, and ``zip`` is one."""
    if table is None:
        return
    if not isinstance(table, Mapping):
        faults.append(Fault("sweep", f"{show(table)} is not a table with product, zip or both"))
        return
    for key in table:
        if key not in ("product", ZIP):
            faults.append(Fault(f"sweep.{key}", "unknown key; [sweep] takes product, zip"))
    lists = {kind: _lists(kind, table.get(kind, {}), faults) for kind in ("product", ZIP)}
    for key, values in lists["product"].items():
        yield from _distinct(Dimension(key, (key,), tuple((each,) for each in values)), faults)
    zipped = lists[ZIP]
    lengths = {key: len(values) for key, values in zipped.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        faults.append(Fault("sweep.zip", f"lists of one length go together; {said}"))
    elif zipped:
        points = tuple(zip(*zipped.values(), strict=True))
        yield from _distinct(Dimension(ZIP, tuple(zipped), points), faults)
    if not any(table.get(kind) for kind in ("product", ZIP)):
        faults.append(Fault("sweep", 'nothing varies; write product = {"seed" = "0:20"}'))


def _lists(kind: str, table: Any, faults: list[Fault]) -> dict[str, tuple[Any, ...]]:
    if not isinstance(table, Mapping):
        example = '{"task.N" = [100, 500], "seed" = "0:20"}'
        faults.append(Fault(f"sweep.{kind}", f"{show(table)} is not a table such as {example}"))
        return {}
    lists = {}
    for key, given in table.items():
        try:
            lists[key] = _values(f"sweep.{kind}", key, given)
        except SpecError as error:
            faults += error.faults
    return lists


def _values(place: str, key: str, given: Any) -> tuple[Any, ...]:
    if isinstance(given, str):
        return parse_range(f"{key}={given}").values
    takes = 'a list of values, or a range such as "0:20", "0:1:11" or "1e3:1e9:7log"'
    if not isinstance(given, list) or not given:
        raise SpecError(
            [Fault(f"{place}.{key}", f"{show(given)} is not allowed; it takes {takes}")]
        )
    for value in given:
        if not isinstance(value, bool | int | float | str):
            problem = f"{show(value)} cannot vary; numbers, words, true and false can"
            raise SpecError([Fault(f"{place}.{key}", problem)])
    return tuple(given)


def _distinct(dimension: Dimension, faults: list[Fault]) -> Iterator[Dimension]:
    words = [",".join(map(word, values)) for values in dimension.values]
    twice = next((each for i, each in enumerate(words) if each in set(words[:i])), None)
    if twice is None:
        yield dimension
    else:
        place = "sweep.zip" if dimension.name == ZIP else f"sweep.product.{dimension.name}"
        faults.append(Fault(place, f"{twice} is there twice, and would be one run"))


def _given_twice(dimensions: Iterable[Dimension]) -> Iterator[Fault]:
    """Find keys that vary in two ways."""
    keys = [key for dimension in dimensions for key in dimension.keys]
    for key in dict.fromkeys(keys):
        if keys.count(key) > 1:
            yield Fault(f"sweep.zip.{key}", "is in product as well; it can vary in one way")
        if key.split(".")[0] == "sweep":
            yield Fault(key, "a sweep cannot vary itself")
