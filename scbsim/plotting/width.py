"""The width of a picture on paper, and the size of type that suits it."""

from __future__ import annotations

import math
import os
import re
from typing import Final

from scbsim.errors import InputError
from scbsim.util.numbers import as_float
from scbsim.util.text import show

UNITS: Final = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27}
"""Inches of each unit. A point is that of TeX, in which LaTeX prints the width of a column."""

LEAST, MOST = 2.0, 20.0
"""Inches. Narrower pictures have no room for the labels of their axes."""

POINTS: Final = 9.0
"""Size of type in a picture without a width."""

_COLUMN, _TEXT = (3.25, 7.0), (5.5, 8.0)
"""Width in inches and size of type in points, of a column and of a page with one column."""


def inches(width: float | str | None) -> float | None:
    """Return a width in inches; None stands for the picture's own width.

    Parameters
    ----------
    width : float or str, optional
        A number of inches, or text with a unit: ``"5.5in"``, ``"14cm"``, ``"140mm"``, ``"397pt"``.

    Raises
    ------
    InputError
        If it is no width, or outside of `LEAST` to `MOST` inches.
    """
    if width is None:
        return None
    number = as_float(width)
    if isinstance(width, str | os.PathLike):
        found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*([a-z]+)\s*", str(width).lower())
        if found and found[2] in UNITS:
            number = float(found[1]) * UNITS[found[2]]
    if number is None or not math.isfinite(number):
        units = ", ".join(UNITS)
        raise InputError(
            f"width: {show(width)} is not allowed; it takes a number with a unit ({units}), such "
            "as 5.5in or 14cm"
        )
    if not LEAST <= number <= MOST:
        raise InputError(
            f"width: {show(width)} is not allowed; it takes {LEAST:g}in to {MOST:g}in, and a "
            "column of a paper has about 3.25in"
        )
    return number


def type_size(width: float | None) -> float:
    """Return the size of type, in points, of a picture that is ``width`` inches wide.

    It is linear in the width: 7 points in a column of 3.25 inches, 8 on a page of 5.5 inches.
    """
    if width is None:
        return POINTS
    slope = (_TEXT[1] - _COLUMN[1]) / (_TEXT[0] - _COLUMN[0])
    return min(max(_COLUMN[1] + slope * (width - _COLUMN[0]), 6.5), POINTS)
