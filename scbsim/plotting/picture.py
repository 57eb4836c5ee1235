"""The figure of every plot, and its ticks. Imported only to draw, as it needs matplotlib."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

NOTEBOOK_DPI: Final = 100

MOST_TICKS: Final = 5


class Picture(Figure):
    """A figure that a notebook shows, though it is not known to pyplot.

    Attributes
    ----------
    caption : str
        What it shows and how it was made, as text to paste under it.
    paper_width : float or None
        The width that was asked for, in inches.
    """

    caption: str = ""
    paper_width: float | None = None

    def _repr_png_(self) -> bytes:
        """Return the picture for a cell of a notebook."""
        buffer = BytesIO()
        self.savefig(buffer, format="png", backend="agg", dpi=NOTEBOOK_DPI, facecolor="white")
        return buffer.getvalue()


class StepLocator(MaxNLocator):
    """Ticks at whole numbers, at most `MOST_TICKS` and as many as have room for five digits."""

    def __init__(self) -> None:
        super().__init__(nbins=MOST_TICKS, integer=True, steps=[1, 2, 5, 10])

    def __call__(self) -> Any:
        """Return the places of the ticks."""
        axis: Any = self.axis
        # An axis counts three widths of its type for a label.
        room = int(axis.get_tick_space() * 3 / 4)
        self.set_params(nbins=int(np.clip(room, 1, MOST_TICKS)))
        return super().__call__()
