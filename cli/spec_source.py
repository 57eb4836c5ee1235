"""The spec that a command is given: a TOML file, or the name of a preset."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from scbsim import presets
from scbsim.errors import InputError

if TYPE_CHECKING:
    from scbsim.spec import RunSpec


def read_spec(source: str, overrides: Sequence[str] = ()) -> RunSpec:
    """Return the spec in the file ``source``, or the preset of that name if there is no such file.

    Raises
    ------
    InputError
        If there is neither.
    SpecError
        If the spec does not hold.
    """
    from tomllib import loads

    from scbsim.spec import RunSpec

    if Path(source).is_file():
        return RunSpec.from_toml(source, overrides=overrides)
    if source in presets.names():
        return RunSpec.from_dict(loads(presets.text(source)), overrides=overrides)
    if Path(source).is_dir():
        raise InputError(f"{source} is a folder; a spec is a TOML file")
    near = get_close_matches(source, presets.names(), n=1)
    hint = f"did you mean {near[0]}?" if near else "`scbsim presets` lists the presets"
    raise InputError(f"there is no file {source}, and no preset of that name; {hint}")
