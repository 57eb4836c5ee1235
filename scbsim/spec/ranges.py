"""Ranges: the values of a key, as one short text.

=================  =======================================================
``1e3:1e9:30log``  30 values from 1e3 to 1e9, each the same factor apart
``0:1:11``         11 values from 0 to 1, evenly spaced
``0:20``           the whole numbers 0, 1, ..., 19
``1e4,1e5,auto``   a list of one or more values, read as TOML or else as text
=================  =======================================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, get_args

from scbsim.errors import Fault, SpecError
from scbsim.spec.run import RunSpec
from scbsim.spec.run_names import repeated, word
from scbsim.spec.text import toml_value
from scbsim.util.numbers import as_python
from scbsim.util.text import counted, show

MOST = 1_000_000
"""Largest number of values in a range."""

_FORMS = "a:b:n, a:b:nlog, whole numbers a:b, or a list a,b,c"
_DIGITS = 12  # so that 1e3:1e9:7log contains 1e4, not 9999.999999999998


@dataclass(frozen=True)
class Range:
    """The values of a key: at least one, all different."""

    key: str  # dotted, as after --set: task.T, stage.0.rate_A
    values: tuple[Any, ...]  # whole numbers if the key takes whole numbers
    spacing: str  # the form in which they were given: "linear", "log" or "list"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(as_python(value) for value in self.values))

    def __str__(self) -> str:
        return f"{self.key}={','.join(word(value) for value in self.values)}"


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
        problem = "no key and range; write key=range, such as task.T=1e3:1e9:30log"
        raise SpecError([Fault(words, problem)], "the range")
    try:
        return Range(key, *_parse(text, is_whole(key)))
    except ValueError as error:
        raise SpecError([Fault(key, f"{show(text)}{error}")], "the range") from None


def is_whole(key: str) -> bool:
    """Return True if a key of a spec takes a whole number; False also for an unknown key."""
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
    """Return the type inside ``Annotated``, ``| None`` and ``tuple[..., ...]``."""
    while arguments := tuple(each for each in get_args(annotation) if each is not str):
        if {*arguments} - {arguments[0], type(None), ...} and not hasattr(
            annotation, "__metadata__"
        ):
            return None  # a union of several types
        annotation = arguments[0]
    return annotation


def _parse(text: str, whole: bool) -> tuple[tuple[Any, ...], str]:
    """Return values and spacing. A ValueError has the problem, to follow the text."""
    parts = [part.strip() for part in text.split(":")]
    if len(parts) == 1:
        return _listed(text, whole), "list"
    if len(parts) == 2:
        low, high = map(_integer, parts)
        if not 1 <= high - low <= MOST:
            count = max(0, high - low)
            raise ValueError(f" has {count} whole numbers; from 1 to {MOST} are allowed")
        return tuple(range(low, high)), "linear"
    if len(parts) != 3:
        raise ValueError(f" has {counted(len(parts), 'part')}; a range is {_FORMS}")
    logarithmic = parts[2].endswith("log")
    count = _integer(parts[2].removesuffix("log"))
    first, last = map(_number, parts[:2])
    if not 2 <= count <= MOST:
        raise ValueError(f" asks for {counted(count, 'value')}; from 2 to {MOST} are allowed")
    if not first < last:
        raise ValueError(" does not increase; a range goes from low to high")
    if logarithmic and first <= 0:
        raise ValueError(f" starts at {first:g}; a logarithmic range is above 0")
    values = _spread(first, last, count, logarithmic)
    if whole:
        # Neighbours that round to the same whole number are taken once.
        values = list(dict.fromkeys(round(value) for value in values))
    return tuple(values), "log" if logarithmic else "linear"


def _spread(low: float, high: float, count: int, logarithmic: bool) -> list[float]:
    last = count - 1
    if logarithmic:
        inside = [low * (high / low) ** (i / last) for i in range(1, last)]
    else:
        inside = [low + (high - low) * (i / last) for i in range(1, last)]
    return [low, *(float(f"{value:.{_DIGITS}g}") for value in inside), high]


def _listed(text: str, whole: bool) -> tuple[Any, ...]:
    values = [toml_value(part.strip()) for part in text.split(",")]
    if "" in values:
        raise ValueError(f" has an empty place; a range is {_FORMS}")
    if whole:
        values = [int(v) if isinstance(v, float) and v.is_integer() else v for v in values]
    if (twice := repeated(map(word, values))) is not None:
        raise ValueError(f" has {twice} twice")
    return tuple(values)


def _number(part: str) -> float:
    try:
        value = float(part)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f": {show(part)} is not a finite number; a range is {_FORMS}")
    return value


def _integer(part: str) -> int:
    value = _number(part)
    if not value.is_integer() or abs(value) > 2**53:
        raise ValueError(f": {show(part)} is not a whole number; a range is {_FORMS}")
    return int(value)
