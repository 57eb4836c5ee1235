"""Text from outside, such as file names and the content of files, made safe to show."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

MOST_NESTED: Final = 20
"""Levels of nested tables and lists allowed in specs and files; our own have four."""

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = 60


def printable(text: str, keep: str = "") -> str:
    r"""Return a text with control characters escaped as in Python, ``\x1b``, except ``keep``.

    Also escaped: characters that reverse the direction of text, and bytes of names in no UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escaped(ord(c)) for c in text)


def all_printable(value: Any) -> Any:
    """Return nested dicts and lists with :func:`printable` applied to every text in them."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {all_printable(key): all_printable(each) for key, each in value.items()}
    return [all_printable(each) for each in value] if isinstance(value, list | tuple) else value


def is_nested_within(value: Any, most: int) -> bool:
    """Return whether tables and lists are nested at most ``most`` deep."""
    if not isinstance(value, Mapping | list | tuple):
        return True
    each = value.values() if isinstance(value, Mapping) else value
    return most > 0 and all(is_nested_within(one, most - 1) for one in each)


def show(value: Any) -> str:
    """Return a value as in TOML, shortened if it is long."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.isprintable() and '"' not in value and len(value) <= 60:
        return f'"{value}"'
    try:
        return _repr.repr(value)
    except ValueError:  # Python does not convert integers of thousands of digits
        return "a huge integer"


def _escaped(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python decodes it
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def counted(number: float, noun: str, form: str = "") -> str:
    """Return a number with its noun, in the plural for any number but 1: "1 run", "2 runs".

    ``form`` is the format of the number, such as ``","``.
    """
    return f"{number:{form}} {noun if number == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    if noun.endswith(("s", "ch", "x")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith(("ry", "dy", "py", "cy")) else f"{noun}s"


def by_count(number: float, one: str, many: str) -> str:
    """Return the word that follows a count: ``by_count(1, "is", "are")`` is "is"."""
    return one if number == 1 else many


def share_of(part: int, total: int, noun: str) -> str:
    """Return a part of a count with its verb: "1 of 3 runs is", "2 of 3 runs are"."""
    return f"{part} of {counted(total, noun)} {by_count(part, 'is', 'are')}"


def number_text(value: float | str) -> str:
    """Return a number in short, or the text of a schedule as it is."""
    return value if isinstance(value, str) else f"{value:g}"


def in_short(numbers: Sequence[int]) -> str:
    """Return numbers separated by commas: all of them, or the first four and the last two."""
    few = len(numbers) <= 8
    return ", ".join(map(str, numbers if few else [*numbers[:4], "...", *numbers[-2:]]))
