"""Reading the spec of a command: a TOML file, or the name of a preset."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from scbsim import presets
from scbsim.errors import InputError

if TYPE_CHECKING:
    from scbsim.spec import RunSpec
    from scbsim.spec.sweep import Sweep

Kind = TypeVar("Kind", "RunSpec", "Sweep")


def without_threshold(source: str, overrides: Sequence[str] = ()) -> list[str]:
    """Return overrides that set ``threshold_sigmas = "auto"`` in stages without a threshold.

    They are made from the tables of the source, since a spec has the default threshold filled in.
    Errors of the source are left to :func:`read_spec`.
    """
    from scbsim.errors import ScbsimError
    from scbsim.spec.changes import override
    from scbsim.spec.text import read_toml

    try:
        tables = _preset_tables(source) or read_toml(source)
    except ScbsimError:
        return []
    override(tables, overrides)
    stages = tables.get("stage")
    return [
        f'stage.{i}.threshold_sigmas="auto"'
        for i, stage in enumerate(stages if isinstance(stages, list) else [])
        if isinstance(stage, dict)
        and stage.get("rule") != "sgd"
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
    from scbsim.spec import RunSpec

    return _read(RunSpec, source, overrides)


def read_sweep(source: str, overrides: Sequence[str] = ()) -> Sweep:
    """Read the sweep in the file ``source``, or in the preset of that name; see `read_spec`."""
    from scbsim.spec.sweep import Sweep

    return _read(Sweep, source, overrides)


def read_tables(source: str) -> dict[str, Any]:
    """Return the tables of a spec as TOML has them, unchecked; raises errors as `read_spec`."""
    from scbsim.spec.text import read_toml

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
