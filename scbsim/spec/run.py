"""RunSpec: everything a run depends on, read from TOML and checked as a whole.

:mod:`scbsim.spec.tables` has its tables, :mod:`scbsim.spec.checks` the checks of several keys.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import PlainValidator

from scbsim import presets
from scbsim.errors import Fault, SpecError
from scbsim.spec import checks as spec_checks
from scbsim.spec.base import Check, Table, Values
from scbsim.spec.changes import change, override
from scbsim.spec.data_checks import data_are_for_real_batches
from scbsim.spec.data_table import DataSpec
from scbsim.spec.init_table import InitSpec
from scbsim.spec.own_rules import with_rules
from scbsim.spec.plain_form import as_dict, below, plain
from scbsim.spec.relative_paths import make_absolute
from scbsim.spec.rules import short_name
from scbsim.spec.stage_table import StageSpec
from scbsim.spec.stored import stored_tables
from scbsim.spec.tables import DynamicsSpec, NoiseSpec, OutputSpec, TaskSpec
from scbsim.spec.text import TOO_DEEP, read_toml, strict_json, write_toml
from scbsim.spec.types import count
from scbsim.util.text import MOST_NESTED, counted, is_nested_within, show

_TABLES: dict[str, type[Table]] = {
    "task": TaskSpec,
    "dynamics": DynamicsSpec,
    "noise": NoiseSpec,
    "init": InitSpec,
    "data": DataSpec,
    "output": OutputSpec,
}


class RunSpec(Table):
    """Everything a run depends on. The same spec gives the same numbers.

    Tables may be given as models or as dicts. Specs are frozen; :meth:`replace` returns a new one.

    Attributes
    ----------
    seed : int
        Seed of the noise, 0 to below 2**64. The task has another one.
    task : TaskSpec
        The task; its sizes are required.
    dynamics : DynamicsSpec
        Engine, update rule, batch size, precision.
    noise : NoiseSpec
        Model and levels of the gradient noise.
    init : InitSpec
        The start.
    data : DataSpec
        Samples to learn from, if real batches are not to be drawn.
    stage : tuple of StageSpec
        The stages in order, at least one. In TOML each has its own ``[[stage]]`` heading.
    output : OutputSpec
        What is recorded, and how often.
    sweep : None
        A single run has no table ``[sweep]``.
    boundary : None
        Nor a table ``[boundary]``.

    Raises
    ------
    SpecError
        With every fault of the spec, each with the key, the value and what is allowed.
    """

    place: ClassVar[str] = "the top of the spec"
    checks: ClassVar[tuple[Check, ...]] = (
        spec_checks.one_run,
        spec_checks.sigmas_need_a_level,
        spec_checks.population_has_signals,
        spec_checks.engine_has_the_rules,
        spec_checks.real_batches_are_drawn,
        data_are_for_real_batches,
        spec_checks.nothing_needs_missing_entries,
        spec_checks.stages_have_an_order,
        spec_checks.nothing_needs_missing_P,
        spec_checks.noise_can_be_drawn,
        spec_checks.ensembles_keep_no_states,
    )

    seed: Annotated[int, count(0, 2**64)] = 0
    task: TaskSpec
    dynamics: DynamicsSpec = DynamicsSpec()
    noise: NoiseSpec = NoiseSpec()
    init: InitSpec = InitSpec()
    data: DataSpec = DataSpec()
    stage: tuple[StageSpec, ...] = ()
    output: OutputSpec = OutputSpec()
    sweep: Annotated[Any, PlainValidator(lambda table: table)] = None
    boundary: Annotated[Any, PlainValidator(lambda table: table)] = None

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> RunSpec:
        """Read a spec from a TOML file.

        Parameters
        ----------
        path : path of the file
        overrides : iterable of str
            ``key=value`` words, as after ``--set``: ``stage.0.rate_A=0.05``. The value is TOML,
            or else a string; an empty one removes an optional key. A key replaces those of the
            file that it excludes.

        Raises
        ------
        OutputError
            If there is no such file, or it cannot be read.
        SpecError
            With every fault of the file and of the overrides.
        """
        tables = read_toml(path)
        return cls._checked(tables, overrides, Path(path).parent, where=str(path))

    @classmethod
    def from_dict(
        cls,
        tables: Mapping[str, Any],
        base_dir: str | os.PathLike[str] | None = None,
        overrides: Iterable[str] = (),
    ) -> RunSpec:
        """Make a spec from dicts with the tables of TOML.

        Parameters
        ----------
        tables : mapping
            Keys as in TOML; tables may also be models, such as :class:`scbsim.spec.StageSpec`.
        base_dir : path, optional
            The folder to which paths in ``task.from``, ``init.from``, ``data.from``, rules and
            ``output.observe`` are relative; the current one by default.
        overrides : iterable of str
            ``key=value`` words, as in :meth:`from_toml`.

        Raises
        ------
        SpecError
            With every fault of the tables and of the overrides.
        """
        return cls._checked(tables, overrides, base_dir or ".")

    @classmethod
    def preset(cls, name: str, overrides: Iterable[str] = ()) -> RunSpec:
        """Return the preset of that name; ``scbsim presets`` lists them.

        Raises
        ------
        InputError
            If there is no preset of that name.
        SpecError
            With every fault of the overrides, which are as in :meth:`from_toml`.
        """
        return cls._checked(tomllib.loads(presets.text(name)), overrides, ".")

    @classmethod
    def from_json(cls, text: str | bytes) -> RunSpec:
        """Make a spec from the JSON of :meth:`to_json`, of this version or an earlier one.

        Raises
        ------
        SpecError
            If it is not JSON, or with every fault of the spec.
        """
        try:
            tables = stored_tables(text)
        except (ValueError, RecursionError) as error:
            raise SpecError([Fault("", f"not JSON: {error}")]) from None
        return cls._checked(tables, (), ".")

    @classmethod
    def _checked(
        cls, given: Any, overrides: Iterable[str], folder: str | os.PathLike[str], where: str = ""
    ) -> RunSpec:
        if not isinstance(given, Mapping):
            raise SpecError([Fault("", f"{show(given)} is not a table of tables")], where)
        if not is_nested_within(given, MOST_NESTED):
            raise SpecError([Fault("", TOO_DEEP)], where)
        # Before defaults are filled in: a default threshold would exclude one that is set here.
        raw = plain(given)
        faults = override(raw, overrides, folder)
        tables = cls.prepared(with_rules(raw, folder))
        make_absolute(tables, folder)
        try:
            spec = cls(**tables)
        except SpecError as error:
            faults += error.faults
        if faults:
            raise SpecError(faults, where)
        return spec

    @classmethod
    def prepared(cls, data: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the given tables as dicts with the keys of TOML."""
        given = {"task": {}} | super().prepared(data)
        task, samples = given["task"], given.get("data")
        no_task = isinstance(task, Mapping) and not task
        if no_task and isinstance(samples, Mapping) and samples.get("from") is not None:
            # A file of samples has the task that they are of.
            given["task"] = {"from": samples["from"]}
        for name, table in _TABLES.items():
            if name in given:
                given[name] = as_dict(table, given[name])
        if isinstance(given.get("stage"), list | tuple):
            given["stage"] = [as_dict(StageSpec, stage) for stage in given["stage"]]
        return given

    @classmethod
    def sound(cls, given: Mapping[str, Any], wrong: Iterable[str]) -> Values:
        """Return the valid values of every table, defaults included."""
        wrong = set(wrong)
        run = super().sound(given, wrong)
        for name, table in _TABLES.items():
            if name in run:
                run[name] = table.sound(given.get(name, {}), below(name, wrong))
        if "stage" in run:
            run["stage"] = [
                StageSpec.sound(stage, below(f"stage.{i}", wrong))
                if isinstance(stage, dict)
                else Values()
                for i, stage in enumerate(run["stage"])
            ]
        return run

    @property
    def total_steps(self) -> int:
        """Steps of all stages together, the most that the run can take."""
        return sum(stage.steps for stage in self.stage)

    def rule_of(self, i: int) -> str:
        """Return the update rule of stage ``i``: its own, or else ``dynamics.rule``."""
        return self.stage[i].rule or self.dynamics.rule

    @property
    def rules(self) -> tuple[str, ...]:
        """The update rule of each stage."""
        return tuple(self.rule_of(i) for i in range(len(self.stage)))

    def replace(self, **changes: Any) -> RunSpec:
        """Return a spec with some keys changed: ``spec.replace(**{"dynamics.rule": "sgd"})``.

        ``None`` resets an optional key to its default. A key replaces those that it excludes, as
        ``threshold`` replaces ``threshold_sigmas``.

        Raises
        ------
        SpecError
            With every fault of the new spec.
        """
        tables = self.to_dict()
        if faults := change(tables, list(changes.items())):
            raise SpecError(faults)
        return type(self)(**tables)

    def __repr__(self) -> str:
        """Return the sizes, the rules and the steps in a line."""
        task, rules = self.task, " then ".join(map(short_name, self.rules))
        sizes = f"from={task.from_!r}" if task.from_ else f"N={task.N}, T={task.T}, Q={task.Q}"
        size = counted(self.total_steps, "step")
        many = f", {self.dynamics.replicas} replicas" if self.dynamics.replicas > 1 else ""
        return f"RunSpec({sizes}: {rules}, {size}{many}, seed={self.seed})"

    def __str__(self) -> str:
        """Return the spec as TOML."""
        return self.to_toml()

    def _repr_html_(self) -> str:
        """Return the spec for a cell of a notebook."""
        head, body = escape(repr(self)), escape(str(self))
        return f"<details><summary>{head}</summary><pre>{body}</pre></details>"

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as dicts of str, bool, int and float, defaults included."""
        tables: dict[str, Any] = {"seed": self.seed}
        for name in ("task", "dynamics", "noise", "init"):
            tables[name] = getattr(self, name).to_dict()
        if data := self.data.to_dict():
            tables["data"] = data
        tables["stage"] = [stage.to_dict() for stage in self.stage]
        tables["output"] = self.output.to_dict()
        return tables

    def to_json(self) -> str:
        """Return the spec as JSON that :meth:`from_json` reads back equal."""
        return strict_json(self.to_dict())

    def to_toml(self) -> str:
        """Return the spec as TOML that :meth:`from_toml` reads back equal."""
        return write_toml(self.to_dict())
