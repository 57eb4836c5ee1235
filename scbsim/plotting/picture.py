"""The figure of every plot. Imported only where something is drawn, as it needs matplotlib."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from matplotlib.figure import Figure

NOTEBOOK_DPI: Final = 100


class Picture(Figure):
    """A figure that a notebook shows, though it is not known to pyplot."""

    def _repr_png_(self) -> bytes:
        """Return the picture for a cell of a notebook."""
        buffer = BytesIO()
        self.savefig(buffer, format="png", backend="agg", dpi=NOTEBOOK_DPI, facecolor="white")
        return buffer.getvalue()
