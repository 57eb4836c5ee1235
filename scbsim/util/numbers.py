"""Numbers from outside, taken as Python's own where they come in.

NumPy's integers have a width, beyond which their products wrap; Python's have none.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from scbsim.errors import InputError
from scbsim.util.text import show


def own(value: Any) -> Any:
    """Return a scalar of NumPy, or an array without dimensions, as Python's own; others as is."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def as_whole(value: Any) -> int | None:
    """Return an integer of any type as Python's; None of anything else, floats and bools too."""
    value = own(value)
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def as_real(value: Any) -> float | None:
    """Return a real number of any type as Python's float; None of anything else, bools too."""
    value = own(value)
    if isinstance(value, bool | str | bytes | bytearray) or getattr(value, "ndim", False):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def whole(name: str, value: Any, least: int | None = None, below: int | None = None) -> int:
    """Return an argument that is a whole number, ``least <= value < below`` where these are given.

    Raises
    ------
    InputError
        If it is not: a float, a bool, or out of range.
    """
    number = as_whole(value)
    if (
        number is None
        or (least is not None and number < least)
        or (below is not None and number >= below)
    ):
        takes = "a whole number" if least is None else f"a whole number, at least {least}"
        if below is not None:
            takes += f", below {below if below < 2**20 else f'2**{below.bit_length() - 1}'}"
        raise InputError(f"{name}: {show(value)} is not allowed; it takes {takes}")
    return number


def real(
    name: str, value: Any, takes: str, holds: Callable[[float], bool] = math.isfinite
) -> float:
    """Return an argument that is a real number which ``holds``; ``takes`` says which do.

    Raises
    ------
    InputError
        If it is not.
    """
    number = as_real(value)
    if number is None or not holds(number):
        raise InputError(f"{name}: {show(value)} is not allowed; it takes {takes}")
    return number
