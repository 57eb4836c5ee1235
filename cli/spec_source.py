"""The spec that a command is given: a TOML file, or the name of a preset."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scbsim import presets
from scbsim.errors import InputError

if TYPE_CHECKING:
    from scbsim.spec import RunSpec
    from scbsim.spec.sweep import Sweep


def without_threshold(source: str, overrides: Sequence[str] = ()) -> list[str]:
    """Return overrides that give ``"auto"`` to the stages of a spec that name no threshold.

    A spec itself, once read, no longer tells: such a stage has the default. What is wrong with the
    source is left to :func:`read_spec`.
    """
    from scbsim.errors import ScbsimError
    from scbsim.spec.changes import override
    from scbsim.spec.text import read_toml

    try:
        tables = _of_preset(source) or read_toml(source)
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
    """Return the spec in the file ``source``, or the preset of that name if there is no such file.

    Raises
    ------
    InputError
        If there is neither.
    SpecError
        If the spec does not hold.
    """
    from scbsim.spec import RunSpec

    if (tables := _of_preset(source)) is not None:
        return RunSpec.from_dict(tables, overrides=overrides)
    return RunSpec.from_toml(source, overrides=overrides)


def read_sweep(source: str, overrides: Sequence[str] = ()) -> Sweep:
    """Return the sweep in the file ``source``, or in the preset of that name, as `read_spec` does.

    Raises
    ------
    InputError
        If there is neither.
    SpecError
        If the sweep or one of its runs does not hold.
    """
    from scbsim.spec.sweep import Sweep

    if (tables := _of_preset(source)) is not None:
        return Sweep.from_dict(tables, overrides=overrides)
    return Sweep.from_toml(source, overrides)


def _of_preset(source: str) -> dict[str, Any] | None:
    """Return the tables of a preset; None where there is a file of that name.

    Raises
    ------
    InputError
        If there is neither.
    """
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
