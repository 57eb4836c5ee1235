"""Conversion of numeric input to Python's types; products of NumPy's integers could overflow."""

from __future__ import annotations

import math
import operator
from typing import Any

from scbsim.errors import InputError
from scbsim.util.text import counted, show


def as_python(value: Any) -> Any:
    """Return a NumPy scalar or zero-dimensional array as a Python scalar; other values as is."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def as_int(value: Any) -> int | None:
    """Return an integer of any type as an int; None for other values, floats and bools too."""
    value = as_python(value)
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def as_float(value: Any) -> float | None:
    """Return a real number of any type as a float; None for other values, bools too."""
    value = as_python(value)
    if isinstance(value, bool | str | bytes | bytearray) or getattr(value, "ndim", False):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def check_int(name: str, value: Any, least: int | None = None, below: int | None = None) -> int:
    """Return an argument as an int with ``least <= value < below``.

    Raises
    ------
    InputError
        If it is no integer, or out of range.
    """
    number = as_int(value)
    low, high = -math.inf if least is None else least, math.inf if below is None else below
    if number is None or not low <= number < high:
        takes = "a whole number" if least is None else f"a whole number, at least {least}"
        if below is not None:
            takes += f", below {below if below < 2**20 else f'2**{below.bit_length() - 1}'}"
        raise InputError(f"{name}: {show(value)} is not allowed; it takes {takes}")
    return number


def size_in_words(size: float) -> str:
    """Return a number of bytes with a decimal unit."""
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= one:
            return f"{size / one:.3g} {unit}"
    return counted(size, "byte", ".0f")


def time_in_words(seconds: float) -> str:
    """Return a time with the unit that suits it."""
    for unit, one in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * one:
            return f"{seconds / one:.3g} {unit}"
    for unit, one in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= one:
            return f"{seconds / one:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
