"""Validators of single keys, for :data:`typing.Annotated`; the errors are texts of faults.

pydantic's own ``Field(ge=...)`` and ``Literal`` are not used: they take "5" and true as numbers but
not NumPy's integers or 1e9 as an int, and their messages lack the value or the nearest choice.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import PlainValidator

from scbsim.observables import fault_of_name
from scbsim.util.numbers import as_float, as_int, as_python
from scbsim.util.text import show
from scbsim.util.user_code import absolute, is_reference, name_in

EXACT = 2**53
"""Counts stay below this, so that each is exact in float64."""


@dataclass(frozen=True)
class Checker:
    """The function of a validator, and in words what it accepts."""

    takes: str
    check: Callable[[Any], Any]

    def __call__(self, value: Any) -> Any:
        """Return the value, checked."""
        return self.check(value)


def nearest(word: str, choices: tuple[str, ...]) -> str | None:
    """Return the choice most similar to a word, ignoring case, or None."""
    spelled = {choice.casefold(): choice for choice in choices}
    found = get_close_matches(word.casefold(), spelled, n=1, cutoff=0.7)
    return spelled[found[0]] if found else None


def meant(word: str, choices: tuple[str, ...]) -> list[str]:
    """Return what a word may mean: the names of which it is the first part, or the nearest one.

    Most names are of A or of V: ``sim`` is the first part of two, ``rate`` too.
    """
    begun = [choice for choice in choices if word and choice.startswith(f"{word}_")]
    near = nearest(word, choices)
    return begun or ([near] if near else [])


def _refused(value: Any, takes: str) -> ValueError:
    return ValueError(f"{show(value)} is not allowed; it takes {takes}")


def count(low: int, below: int) -> PlainValidator:
    """Accept a whole number with ``low <= value < below``, such as 1e9, but not 1.5 or true."""
    takes = f"a whole number from {low} to below 2**{below.bit_length() - 1}"

    def check(value: Any) -> int:
        whole, real = as_int(value), as_float(value)
        if whole is None and real is not None and abs(real) <= EXACT and real.is_integer():
            whole = int(real)
        if whole is None or not low <= whole < below:
            raise _refused(value, takes)
        return whole

    return PlainValidator(Checker(takes, check))


def number(
    takes: str, holds: Callable[[float], bool] = math.isfinite, words: tuple[str, ...] = ()
) -> PlainValidator:
    """Accept a number that ``holds``, or one of ``words``; ``takes`` describes both."""

    def check(value: Any) -> float | str:
        if isinstance(value, str) and value in words:
            return value
        real = as_float(value)
        if real is None or not holds(real):
            raise _refused(value, takes)
        return real

    return PlainValidator(Checker(takes, check))


def choice(*choices: str | bool) -> PlainValidator:
    """Accept one of a few words, or true and false."""
    return PlainValidator(_choice(choices))


def name_of(records: Mapping[str, object], *others: str) -> PlainValidator:
    """Accept the name of a record, or one of ``others``; records may be added later."""

    def check(value: Any) -> Any:
        return _choice((*others, *records))(value)

    return PlainValidator(Checker(_choice((*others, *records)).takes, check))


def _choice(choices: tuple[str | bool, ...]) -> Checker:
    words = tuple(c for c in choices if isinstance(c, str))
    takes = ", ".join(c if isinstance(c, str) else show(c) for c in choices)

    def check(value: Any) -> str | bool:
        value = as_python(value)
        for one in choices:
            if isinstance(value, type(one)) and value == one:
                return one
        like = nearest(value, words) if isinstance(value, str) else None
        raise _refused(value, takes + (f'; did you mean "{like}"?' if like else ""))

    return Checker(takes, check)


def is_path(value: Any) -> bool:
    """Return True if a value can be the path of a file."""
    if not isinstance(value, str | Path):
        return False
    text = str(value)
    return bool(text) and "\0" not in text and text.encode(errors="ignore").decode() == text


_PATH = "the path of a file"


def _path(value: Any) -> str:
    if not is_path(value):
        raise _refused(value, _PATH)
    # Stays the same file if the current folder changes.
    return os.path.abspath(str(value))


_FUNCTIONS = "FILE.py:NAME, or a list of these"


def made_absolute(value: Any, folder: str | os.PathLike[str]) -> Any:
    """Return references to functions with absolute paths; what is none stays as it is."""
    if isinstance(value, list | tuple):
        return [made_absolute(each, folder) for each in value]
    return absolute(value, folder) if is_reference(value) else value


def _observables(value: Any) -> tuple[str, ...]:
    references = list(value) if isinstance(value, list | tuple) else [value]
    for each in references:
        if not is_reference(each):
            raise _refused(each, _FUNCTIONS)
    names = [name_in(each) for each in references]
    for name in names:
        if fault := fault_of_name(name):
            raise ValueError(fault)
        if names.count(name) > 1:
            raise ValueError(f"two functions have the name {name}; each needs one of its own")
    return tuple(made_absolute(references, "."))


OBSERVABLES = PlainValidator(Checker(_FUNCTIONS, _observables))
FILE = PlainValidator(Checker(_PATH, _path))
FINITE = number("a finite number")
NOT_NEGATIVE = number("a finite number, 0 or more", lambda x: 0.0 <= x < math.inf)
BELOW_1 = number("a number from 0 to below 1", lambda x: 0.0 <= x < 1.0)
POSITIVE = number("a finite number above 0", lambda x: 0.0 < x < math.inf)
FRACTION = number("a number between 0 and 1, both excluded", lambda x: 0.0 < x < 1.0)
