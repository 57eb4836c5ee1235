"""Ranges: the values that a key of a spec goes through, as one short text.

=================  =======================================================
``1e3:1e9:30log``  30 values from 1e3 to 1e9, each the same factor apart
``0:1:11``         11 values from 0 to 1, evenly spaced
``0:20``           the whole numbers 0, 1, ..., 19
``1e4,1e5,auto``   these, read as TOML or else as text; one alone will do
=================  =======================================================
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from typing import Any, get_args

from scbsim.errors import Fault, SpecError
from scbsim.spec.run import RunSpec
from scbsim.spec.run_names import repeated
from scbsim.util.numbers import own
from scbsim.util.text import show

MOST = 1_000_000
"""Values of one range."""

_FORMS = "a:b:n, a:b:nlog, whole numbers a:b, or a list a,b,c"
_DIGITS = 12  # so that 1e3:1e9:7log has 1e4 in it, and not 9999.999999999998


@dataclass(frozen=True)
class Range:
    """The values that a key goes through.

    Attributes
    ----------
    key : str
        Dotted, as after ``--set``: ``task.T``, ``stage.0.rate_A``.
    values : tuple
        At least one, no two equal; whole numbers where the key holds such.
    spacing : {"linear", "log", "list"}
        How they were asked for.
    """

    key: str
    values: tuple[Any, ...]
    spacing: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(own(value) for value in self.values))

    def __str__(self) -> str:
        return f"{self.key}={','.join(_word(value) for value in self.values)}"


def parse_range(words: str) -> Range:
    """Read ``key=range``.

    Raises
    ------
    SpecError
        With the key, the text, and what is allowed.
    """
    key, equals, text = words.partition("=")
    key, text = key.strip(), text.strip()
    if not equals or not key:
        raise _refused(words, "no key and range; write key=range, such as task.T=1e3:1e9:30log")
    whole = is_whole(key)
    if ":" not in text:
        return Range(key, _distinct(key, text, _listed(key, text, whole)), "list")
    parts = [part.strip() for part in text.split(":")]
    if len(parts) == 2:
        return Range(key, _counted(key, text, *parts), "linear")
    if len(parts) != 3:
        raise _refused(key, f"{show(text)} has {len(parts)} parts; a range is {_FORMS}")
    logarithmic = parts[2].endswith("log")
    count = _whole(key, text, parts[2].removesuffix("log"))
    low, high = (_number(key, text, part) for part in parts[:2])
    if not 2 <= count <= MOST:
        raise _refused(key, f"{show(text)} asks for {count} values; from 2 to {MOST} are allowed")
    if not low < high:
        raise _refused(key, f"{show(text)} does not rise; a range goes from low to high")
    if logarithmic and low <= 0:
        raise _refused(key, f"{show(text)} starts at {low:g}; a logarithmic range is above 0")
    values = _spread(low, high, count, logarithmic)
    if whole:
        # Where they are dense, several are the same whole number.
        values = list(dict.fromkeys(round(value) for value in values))
    return Range(key, tuple(values), "log" if logarithmic else "linear")


def is_whole(key: str) -> bool:
    """Return whether a key of a spec holds a whole number; not so for a key that there is not."""
    path = [part for part in key.split(".") if not part.isdigit()]
    kind: Any = RunSpec
    for part in path:
        fields = getattr(kind, "model_fields", {})
        found = [field for name, field in fields.items() if part == (field.alias or name)]
        if not found:
            return False
        kind = _inner(found[0].annotation)
    return kind is int


def _inner(annotation: Any) -> Any:
    """Return the type behind ``Annotated``, ``| None`` and ``tuple[..., ...]``."""
    while arguments := get_args(annotation):
        if {*arguments} - {arguments[0], type(None), ...} and not hasattr(
            annotation, "__metadata__"
        ):
            return None  # a union of several
        annotation = arguments[0]
    return annotation


def _spread(low: float, high: float, count: int, logarithmic: bool) -> list[float]:
    """Return so many values from low to high, both included."""
    last = count - 1
    if logarithmic:
        inside = [low * (high / low) ** (i / last) for i in range(1, last)]
    else:
        inside = [low + (high - low) * (i / last) for i in range(1, last)]
    return [low, *(float(f"{value:.{_DIGITS}g}") for value in inside), high]


def _counted(key: str, text: str, first: str, end: str) -> tuple[int, ...]:
    low, high = _whole(key, text, first), _whole(key, text, end)
    if not 1 <= high - low <= MOST:
        raise _refused(
            key,
            f"{show(text)} has {max(0, high - low)} whole numbers; from 1 to {MOST} are allowed",
        )
    return tuple(range(low, high))


def _listed(key: str, text: str, whole: bool) -> list[Any]:
    values = [_value(part.strip()) for part in text.split(",")]
    if "" in values:
        raise _refused(key, f"{show(text)} has an empty place; a range is {_FORMS}")
    if whole:
        values = [int(v) if isinstance(v, float) and v.is_integer() else v for v in values]
    return values


def _value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _distinct(key: str, text: str, values: list[Any]) -> tuple[Any, ...]:
    twice = repeated(map(_word, values))
    if twice is not None:
        raise _refused(key, f"{show(text)} has {twice} twice")
    return tuple(values)


def _number(key: str, text: str, part: str) -> float:
    try:
        value = float(part)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _refused(key, f"{show(text)}: {show(part)} is no finite number; a range is {_FORMS}")
    return value


def _whole(key: str, text: str, part: str) -> int:
    value = _number(key, text, part)
    if not value.is_integer() or abs(value) > 2**53:
        raise _refused(key, f"{show(text)}: {show(part)} is no whole number; a range is {_FORMS}")
    return int(value)


def _word(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value)


def _refused(key: str, problem: str) -> SpecError:
    return SpecError([Fault(key, problem)], "the range")
