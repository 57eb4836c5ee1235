"""A spec from what a user has: a TOML file, the name of a preset, tables, or a spec."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from scbsim import presets
from scbsim.errors import InputError, ScbsimError
from scbsim.spec.changes import override
from scbsim.spec.own_rules import with_rules
from scbsim.spec.rules import has_threshold
from scbsim.spec.run import RunSpec
from scbsim.spec.sweep import Sweep
from scbsim.spec.text import read_toml
from scbsim.util.text import show

Kind = TypeVar("Kind", RunSpec, Sweep)
SpecLike = RunSpec | Mapping[str, Any] | str | os.PathLike[str]
"""A spec, its tables, the path of a TOML file, or the name of a preset."""


def spec_of(source: SpecLike) -> RunSpec:
    """Return the spec that is given, or made from tables, a TOML file or the name of a preset.

    Raises
    ------
    InputError
        If it is none of these, or there is neither a file nor a preset of that name.
    OutputError
        If the file cannot be read.
    SpecError
        If the spec has faults.
    """
    if isinstance(source, RunSpec):
        return source
    if isinstance(source, Mapping):
        return RunSpec.from_dict(source)
    if isinstance(source, str | os.PathLike):
        return read_spec(os.fspath(source))
    raise InputError(
        f"{show(source)} is not a spec; it takes a RunSpec, a dict of its tables, the path of a "
        "TOML file, or the name of a preset"
    )


def without_threshold(source: str, overrides: Sequence[str] = ()) -> list[str]:
    """Return overrides that set ``threshold_sigmas = "auto"`` in stages without a threshold.

    They are made from the tables of the source, since a spec has the default threshold filled in.
    Errors of the source are left to :func:`read_spec`.
    """
    try:
        tables = _preset_tables(source) or read_toml(source)
    except ScbsimError:
        return []
    override(tables, overrides, Path(source).parent)
    stages = with_rules(tables, Path(source).parent).get("stage")
    return [
        f'stage.{i}.threshold_sigmas="auto"'
        for i, stage in enumerate(stages if isinstance(stages, list) else [])
        if isinstance(stage, dict)
        and has_threshold(stage.get("rule"))
        and not {"threshold", "threshold_sigmas"} & {*stage}
    ]


def read_spec(source: str, overrides: Sequence[str] = ()) -> RunSpec:
    """Read the spec in the file ``source``, or the preset of that name if there is no such file.

    Raises
    ------
    InputError
        If there is neither.
    SpecError
        If the spec has faults.
    """
    return _read(RunSpec, source, overrides)


def read_sweep(source: str, overrides: Sequence[str] = ()) -> Sweep:
    """Read the sweep in the file ``source``, or in the preset of that name; see `read_spec`."""
    return _read(Sweep, source, overrides)


def read_tables(source: str) -> dict[str, Any]:
    """Return the tables of a spec as TOML has them, unchecked; raises errors as `read_spec`."""
    return _preset_tables(source) or read_toml(source)


def title_of(source: str) -> str:
    """Return the first line of a preset, which describes it, or "" for a file."""
    return "" if Path(source).is_file() else presets.describe(source)


def _read(kind: type[Kind], source: str, overrides: Sequence[str]) -> Kind:
    tables = _preset_tables(source)
    if tables is None:
        return kind.from_toml(source, overrides=overrides)
    return kind.from_dict(tables, overrides=overrides)


def _preset_tables(source: str) -> dict[str, Any] | None:
    """Return the tables of the preset ``source``, or None if there is a file of that name."""
    from tomllib import loads

    if Path(source).is_file():
        return None
    if source in presets.names():
        return loads(presets.text(source))
    if Path(source).is_dir():
        raise InputError(f"{source} is a folder; a spec is a TOML file")
    near = get_close_matches(source, presets.names(), n=1)
    hint = f"did you mean {near[0]}?" if near else "`scbsim presets` lists the presets"
    raise InputError(f"there is no file {source}, and no preset of that name; {hint}")
