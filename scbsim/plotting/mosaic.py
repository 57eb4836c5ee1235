"""The places of the panels of an overview, by the width of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

MOSAIC: Final = (("signals", "noise", "legend"), ("distances", "similarities", "loss"))
NARROWER: Final = (("signals", "noise"), ("distances", "similarities"), ("loss", "legend"))
NARROWEST: Final = (*NARROWER[:2], ("loss", "loss"))
"""Panels of pictures of less than `THREE` and `WITH_LEGEND` inches."""

THREE, WITH_LEGEND = 7.5, 5.0
"""Inches from which a row has three panels, and from which the legend has a place of its own."""


def mosaic_of(only: Sequence[str], width: float | None) -> list[Any]:
    """Return the places of the panels, with one for the legend unless that is below them.

    Parameters
    ----------
    only : sequence of str
        Names of the observables that are drawn, in a panel each; none for all five panels.
    width : float, optional
        Of the picture, in inches; by default that of three panels.

    Returns
    -------
    list of lists of str
        The rows, as `matplotlib.figure.Figure.subplot_mosaic` takes them.
    """
    if only:
        most = 3 if width is None or width >= THREE else 2
        names = [*only, *(["legend"] if width is None or width >= WITH_LEGEND else [])]
        return _rows(names, most)
    if width is None or width >= THREE:
        return [list(row) for row in MOSAIC]
    return [list(row) for row in (NARROWER if width >= WITH_LEGEND else NARROWEST)]


def _rows(names: Sequence[str], most: int) -> list[list[str]]:
    """Arrange panels in rows of ``most`` at most, the last one filled with empty places."""
    columns = min(most, len(names))
    rows = [list(names[i : i + columns]) for i in range(0, len(names), columns)]
    rows[-1] += ["."] * (columns - len(rows[-1]))
    return rows
