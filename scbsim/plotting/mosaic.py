"""The places of the panels of an overview, by the width of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final

MOSAIC: Final = (("signals", "noise", "legend"), ("distances", "similarities", "loss"))
NARROWER: Final = (("signals", "noise"), ("distances", "similarities"), ("loss", "legend"))
NARROWEST: Final = (*NARROWER[:2], ("loss", "loss"))
"""Panels of pictures of less than `THREE` and `WITH_LEGEND` inches."""

THREE, WITH_LEGEND = 7.5, 5.0
"""Inches from which a row has three panels, and from which the legend has a place of its own."""


class Place(Enum):
    """Where the legend is."""

    WITHIN = "a place among the panels"
    RIGHT = "at the right of them"
    BELOW = "below them"


def place_of_legend(only: Sequence[str], width: float | None) -> Place:
    """Return where the legend of these panels leaves no room empty; by default those of a run."""
    if width is not None and width < WITH_LEGEND:
        return Place.BELOW
    if not only:
        return Place.WITHIN
    most = _most(width)
    if len(only) % most == 0:
        return Place.BELOW
    return Place.RIGHT if len(only) < most else Place.WITHIN


def mosaic_of(only: Sequence[str], width: float | None, legend: Place) -> list[Any]:
    """Return the places of the panels, and that of the legend if it is among them.

    Parameters
    ----------
    only : sequence of str
        Names of the observables that are drawn, in a panel each; none for all five panels.
    width : float, optional
        Of the picture, in inches; by default that of three panels.
    legend : Place

    Returns
    -------
    list of lists of str
        The rows, as `matplotlib.figure.Figure.subplot_mosaic` takes them.
    """
    if only:
        names = [*only, *(["legend"] if legend is Place.WITHIN else [])]
        return _rows(names, _most(width))
    if width is None or width >= THREE:
        return [list(row) for row in MOSAIC]
    return [list(row) for row in (NARROWER if width >= WITH_LEGEND else NARROWEST)]


def _most(width: float | None) -> int:
    return 3 if width is None or width >= THREE else 2


def _rows(names: Sequence[str], most: int) -> list[list[str]]:
    """Arrange panels in rows of at most ``most``, the last one filled with empty places."""
    columns = min(most, len(names))
    rows = [list(names[i : i + columns]) for i in range(0, len(names), columns)]
    rows[-1] += ["."] * (columns - len(rows[-1]))
    return rows
