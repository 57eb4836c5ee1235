"""Sweeps: a spec with a table ``[sweep]``, which says what varies from run to run.

``product`` combines every value of each key with every value of the others; ``zip`` has lists that
vary together. Values are a list, or a range as text (:mod:`scbsim.spec.ranges`).
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
from scbsim.spec.own_rules import with_rules
from scbsim.spec.run import RunSpec
from scbsim.spec.run_names import run_name
from scbsim.spec.stored import as_stored, to_store
from scbsim.spec.sweep_table import Dimension, dimensions, given_twice
from scbsim.spec.text import read_toml, strict_json
from scbsim.util.text import counted

MOST_RUNS = 100_000
_SHOWN_FAULTS = 20
_SEEDS = ("seed", "task.seed")
"""Keys of whole numbers that no check reads together with another key."""


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep."""

    index: tuple[int, ...]  # along each dimension
    values: dict[str, Any]  # of the keys that vary

    @cached_property
    def name(self) -> str:
        """The values, as the name of a folder."""
        return run_name(self.values)


class Sweep:
    """Runs that differ in a few keys.

    Parameters
    ----------
    tables : mapping
        A spec as dicts, with ``sweep``; without it, a sweep of one run.
    base_dir : path
        The folder to which paths in ``task.from``, ``init.from``, ``data.from`` and
        ``output.observe`` are relative.
    where : str
        The file, for error messages.

    Attributes
    ----------
    dimensions : tuple of Dimension
    runs : list of SweepRun
        In the order of the dimensions, the last one fastest.

    Raises
    ------
    SpecError
        With every fault of the table ``sweep``. :meth:`check` finds those of the runs.
    """

    def __init__(
        self, tables: Mapping[str, Any], base_dir: str | os.PathLike[str] = ".", where: str = ""
    ) -> None:
        self.base_dir = os.path.abspath(base_dir)
        # With digests, so that no later run of the sweep has another source.
        self.tables = with_rules(tables, self.base_dir)
        self.where = where
        faults: list[Fault] = []
        self._base = {key: table for key, table in self.tables.items() if key != "sweep"}
        self.dimensions = tuple(dimensions(self.tables.get("sweep"), faults))
        faults += given_twice(self.dimensions)
        count = math.prod(len(dimension.values) for dimension in self.dimensions)
        if count > MOST_RUNS:
            faults.append(Fault("sweep", f"{counted(count, 'run')}; up to {MOST_RUNS} are allowed"))
        if faults:
            raise SpecError(faults, where)
        self.runs = list(self._runs())
        self._last_spec: tuple[str, dict[str, Any]] = "", {}

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Sweep:
        """Read a sweep from a TOML file, and check every run; see :meth:`from_dict`.

        Raises
        ------
        OutputError
            If there is no such file, or it cannot be read.
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
        """Make a sweep from dicts with the tables of TOML, and check every run.

        Raises
        ------
        SpecError
            With every fault of the table ``sweep``, or else of the runs.
        """
        changed = copy.deepcopy(dict(tables))
        if faults := override(changed, overrides, base_dir):
            raise SpecError(faults, where)
        sweep = cls(changed, base_dir, where)
        varying = sweep.varying
        overridden = [words.partition("=")[0].strip() for words in overrides]
        problem = "varies in [sweep], so it cannot be set"
        if faults := [Fault(key, problem) for key in overridden if key in varying]:
            raise SpecError(faults, where)
        sweep.check()
        return sweep

    @classmethod
    def from_json(cls, text: str, base_dir: str) -> Sweep:
        """Make a sweep from the JSON of :meth:`to_json`."""
        tables = json.loads(text)
        varying = cls(tables, base_dir).varying
        return cls(as_stored(tables, varying), base_dir)

    def to_json(self) -> str:
        """Return the tables as JSON."""
        return strict_json(to_store(self.tables, self.varying))

    @property
    def varying(self) -> set[str]:
        """The keys that vary."""
        return {key for dimension in self.dimensions for key in dimension.keys}

    def _runs(self) -> Iterator[SweepRun]:
        for index in product(*(range(len(each.values)) for each in self.dimensions)):
            values = {
                key: value
                for dimension, i in zip(self.dimensions, index, strict=True)
                for key, value in zip(dimension.keys, dimension.values[i], strict=True)
            }
            yield SweepRun(index, values)

    def spec_of(self, run: SweepRun) -> RunSpec:
        """Return the spec of a run; raises `SpecError` with all its faults."""
        tables = copy.deepcopy(self._base)
        faults = [f for key, value in run.values.items() if (f := assign(tables, key, value))]
        if faults:
            raise SpecError(faults, run.name)
        return RunSpec.from_dict(tables, base_dir=self.base_dir)

    def spec_json(self, run: SweepRun) -> str:
        """Return the spec of a run as JSON; raises `SpecError` with all its faults.

        It is faster than :meth:`spec_of` for successive runs that differ only in seeds.
        """
        seeds = {key: value for key, value in run.values.items() if key in _SEEDS}
        if {*map(type, seeds.values())} - {int}:
            return self.spec_of(run).to_json()
        # As text, since 1 == 1.0 == True.
        others = repr(tuple((key, value) for key, value in run.values.items() if key not in seeds))
        if others != self._last_spec[0]:
            self._last_spec = others, self.spec_of(run).to_dict()
        tables = self._last_spec[1]
        for key, value in seeds.items():
            assign(tables, key, value)
        return strict_json(tables)

    def total_steps(self, run: SweepRun) -> int:
        """Return the steps of all stages of a run, without making its spec if possible."""
        varying = {key: value for key, value in run.values.items() if key.startswith("stage.")}
        try:
            return self._steps(varying) if varying else self._common_steps
        except (KeyError, TypeError, ValueError):
            return self.spec_of(run).total_steps

    @cached_property
    def _common_steps(self) -> int:
        return self._steps({})

    def _steps(self, varying: Mapping[str, Any]) -> int:
        tables = {"stage": copy.deepcopy(self._base["stage"])}
        for key, value in varying.items():
            assign(tables, key, value)
        return sum(int(stage["steps"]) for stage in tables["stage"])

    def check(self) -> None:
        """Check every run, at a tenth of a millisecond each.

        Of integer seeds only the smallest and the largest are checked: those in between are valid
        if these are.

        Raises
        ------
        SpecError
            With every fault once, and the runs that have it.
        """
        points = [_points_to_check(dimension) for dimension in self.dimensions]
        if not self._faults_of(run for run in self.runs if all(map(contains, points, run.index))):
            return
        found = self._faults_of(self.runs)
        faults = [
            Fault(fault.key, fault.problem + self._runs_text(names))
            for fault, names in found.items()
        ]
        if len(faults) > _SHOWN_FAULTS:
            more = f"and {counted(len(faults) - _SHOWN_FAULTS, 'more fault')}"
            faults = [*faults[:_SHOWN_FAULTS], Fault("", more)]
        raise SpecError(faults, self.where)

    def _faults_of(self, runs: Iterable[SweepRun]) -> dict[Fault, list[str]]:
        """Return the faults of runs, each with the names of the runs that have it."""
        found: dict[Fault, list[str]] = {}
        for run in runs:
            try:
                self.spec_of(run)
            except SpecError as error:
                for fault in error.faults:
                    found.setdefault(fault, []).append(run.name)
        return found

    def _runs_text(self, names: list[str]) -> str:
        if not self.dimensions:
            return ""
        if len(names) == len(self.runs):
            return " (in every run)"
        others = counted(len(names) - 1, "other")
        return f" (in {names[0]} and {others})" if len(names) > 1 else f" (in {names[0]})"


def _points_to_check(dimension: Dimension) -> Container[int]:
    numbers = [point[0] for point in dimension.values]
    if dimension.keys[1:] or dimension.keys[0] not in _SEEDS or {*map(type, numbers)} != {int}:
        return range(len(numbers))
    return {numbers.index(min(numbers)), numbers.index(max(numbers))}
