"""Sweeps: a spec with a table ``[sweep]``, which says what varies from run to run.

``product`` has every value of each key with every value of the others; ``zip`` has lists that go
together. Values are a list, or a range as text (:mod:`scbsim.spec.ranges`).
"""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from operator import contains
from pathlib import Path
from typing import Any

from scbsim.errors import Fault, SpecError
from scbsim.spec.changes import assign, override
from scbsim.spec.run import RunSpec
from scbsim.spec.run_names import run_name
from scbsim.spec.sweep_table import Dimension, dimensions, given_twice
from scbsim.spec.text import read_toml, strict_json

MOST_RUNS = 100_000
_SHOWN_FAULTS = 20
_SEEDS = ("seed", "task.seed")
"""Keys of whole numbers that no check reads together with another key."""


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
        self.dimensions = tuple(dimensions(self.tables.get("sweep"), faults))
        faults += given_twice(self.dimensions)
        count = math.prod(len(dimension.values) for dimension in self.dimensions)
        if count > MOST_RUNS:
            faults.append(Fault("sweep", f"{count} runs; up to {MOST_RUNS} are allowed"))
        if faults:
            raise SpecError(faults, where)
        self.runs = list(self._placed())
        self._known: tuple[str, dict[str, Any]] = "", {}

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
        return cls.from_dict(read_toml(path), Path(path).parent, overrides, str(path))

    @classmethod
    def from_dict(
        cls,
        tables: Mapping[str, Any],
        base_dir: str | os.PathLike[str] = ".",
        overrides: Sequence[str] = (),
        where: str = "",
    ) -> Sweep:
        """Make a sweep from the tables of TOML as dicts, and check every run of it.

        Raises
        ------
        SpecError
            With every fault of the table, or else of the runs.
        """
        changed = copy.deepcopy(dict(tables))
        faults = override(changed, overrides)
        if faults:
            raise SpecError(faults, where)
        sweep = cls(changed, base_dir, where)
        varying = {key for dimension in sweep.dimensions for key in dimension.keys}
        asked = [words.partition("=")[0].strip() for words in overrides]
        faults = [
            Fault(key, "varies in [sweep], so it cannot be set") for key in asked if key in varying
        ]
        if faults:
            raise SpecError(faults, where)
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

    def spec_json(self, run: SweepRun) -> str:
        """Return the spec of a run as JSON; only one is made of those that differ in seeds alone.

        Raises
        ------
        SpecError
            With every fault of it.
        """
        seeds = {key: value for key, value in run.values.items() if key in _SEEDS}
        if {*map(type, seeds.values())} - {int}:
            return self.spec_of(run).to_json()
        others = tuple((key, value) for key, value in run.values.items() if key not in seeds)
        # 1, 1.0 and true are equal, and not the same.
        known = repr(others)
        if known != self._known[0]:
            self._known = known, self.spec_of(run).to_dict()
        tables = self._known[1]
        for key, value in seeds.items():
            assign(tables, key, value)
        return strict_json(tables)

    def total_steps(self, run: SweepRun) -> int:
        """Return the steps of all stages of a run, where it can be done without its spec.

        Raises
        ------
        SpecError
            If the spec does not hold.
        """
        varying = {key: value for key, value in run.values.items() if key.startswith("stage.")}
        try:
            return self._steps(varying) if varying else self._steps_in_common
        except (KeyError, TypeError, ValueError):
            return self.spec_of(run).total_steps

    @cached_property
    def _steps_in_common(self) -> int:
        return self._steps({})

    def _steps(self, varying: Mapping[str, Any]) -> int:
        tables = {"stage": copy.deepcopy(self._base["stage"])}
        for key, value in varying.items():
            assign(tables, key, value)
        return sum(int(stage["steps"]) for stage in tables["stage"])

    def check(self) -> None:
        """Check every run, at a tenth of a millisecond each.

        Of seeds that are whole numbers the smallest and the largest are looked at: those in
        between hold if these do.

        Raises
        ------
        SpecError
            With every fault, said once, and the runs that it is in.
        """
        looked_at = [_telling(dimension) for dimension in self.dimensions]
        few = (run for run in self.runs if all(map(contains, looked_at, run.index)))
        if not self._faults_of(few):
            return
        found = self._faults_of(self.runs)
        faults = [
            Fault(fault.key, fault.problem + self._in_words(names))
            for fault, names in found.items()
        ]
        if len(faults) > _SHOWN_FAULTS:
            more = f"and {len(faults) - _SHOWN_FAULTS} faults more"
            faults = [*faults[:_SHOWN_FAULTS], Fault("", more)]
        raise SpecError(faults, self.where)

    def _faults_of(self, runs: Iterable[SweepRun]) -> dict[Fault, list[str]]:
        """Return the faults of runs, and the names of those that each is in."""
        found: dict[Fault, list[str]] = {}
        for run in runs:
            try:
                self.spec_of(run)
            except SpecError as error:
                for fault in error.faults:
                    found.setdefault(fault, []).append(run.name)
        return found

    def _in_words(self, names: list[str]) -> str:
        if not self.dimensions:
            return ""
        if len(names) == len(self.runs):
            return " (in every run)"
        others = len(names) - 1
        return f" (in {names[0]}{f' and {others} others' if others else ''})"


def _telling(dimension: Dimension) -> Container[int]:
    """Return the points of a dimension that tell whether all of it holds."""
    numbers = [point[0] for point in dimension.values]
    if dimension.keys[1:] or dimension.keys[0] not in _SEEDS or {*map(type, numbers)} != {int}:
        return range(len(numbers))
    return {numbers.index(min(numbers)), numbers.index(max(numbers))}
