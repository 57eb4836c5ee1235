"""Example specs: TOML files, each with a first line that describes it."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files

from scbsim.errors import InputError

_SUFFIX = ".toml"


def names() -> list[str]:
    """Return the names of the presets, sorted."""
    found = (entry.name for entry in files(__name__).iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX))


def text(name: str) -> str:
    """Return a preset as TOML, including comments.

    Raises
    ------
    InputError
        If there is no preset of that name.
    """
    known = names()
    if name not in known:
        like = get_close_matches(name, known, n=1)
        hint = f"did you mean {like[0]}?" if like else f"there are {', '.join(known)}"
        raise InputError(f"no preset is called {name!r}; {hint}")
    return files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8")


def describe(name: str) -> str:
    """Return the first line of a preset, which describes it; raises errors as :func:`text`."""
    return text(name).partition("\n")[0].removeprefix("#").strip()
