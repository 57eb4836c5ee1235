"""Labels in the zones of a phase diagram: which rule recovers the truth where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

LEAST: Final = 0.08
"""Zones with a smaller share of the grid get no label."""

_MARGIN: Final = 4.0
"""Space between a label and the edge of its zone, in points."""


def name_zones(figure: Figure, axes: Axes, x: Array, y: Array, shares: dict[str, Array]) -> None:
    """Label each zone that has room for it.

    The figure is laid out first, since the size of a label is only known then.
    """
    figure.draw_without_rendering()
    for words, zone in _zones(shares).items():
        if zone.mean() >= LEAST:
            _place(axes, x, y, words, zone)


def _zones(shares: dict[str, Array]) -> dict[str, NDArray[np.bool_]]:
    learns = {rule: share >= 0.5 for rule, share in shares.items()}
    if len(learns) == 1:
        (there,) = learns.values()
        return {"learns": there, "does not learn": ~there}
    sgd, l1 = learns["sgd"], learns["l1"]
    return {
        "neither learns": ~sgd & ~l1,
        r"only $\ell_1$ learns": l1 & ~sgd,
        "only SGD learns": sgd & ~l1,
        "both learn": sgd & l1,
    }


def _place(axes: Axes, x: Array, y: Array, words: str, zone: NDArray[np.bool_]) -> None:
    """Place a label as far as possible from the edge of its zone; on several lines if needed."""
    for said in dict.fromkeys((words, words.replace(" ", "\n", 1), words.replace(" ", "\n"))):
        text = axes.text(x[0], y[0], said, ha="center", va="center", fontsize="large", zorder=4)
        text.set_in_layout(False)
        at = _room(axes, x, y, text, zone)
        if at is not None:
            text.set_position((x[at[1]], y[at[0]]))
            return
        text.remove()


def _room(
    axes: Axes, x: Array, y: Array, text: Text, zone: NDArray[np.bool_]
) -> tuple[int, int] | None:
    """Return the best cell for a label that fits in the zone and in the axes, or None."""
    from scipy.ndimage import distance_transform_edt

    dpi = axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    box, frame, margin = text.get_window_extent(), axes.get_window_extent(), _MARGIN * dpi / 72
    width, height = box.width / 2 + margin, box.height / 2 + margin
    across = axes.transData.transform(np.column_stack([x, np.full(len(x), y[0])]))[:, 0]
    upwards = axes.transData.transform(np.column_stack([np.full(len(y), x[0]), y]))[:, 1]
    x_edges = [frame.x0, *(across[1:] + across[:-1]) / 2, frame.x1]
    y_edges = [frame.y0, *(upwards[1:] + upwards[:-1]) / 2, frame.y1]
    depth = distance_transform_edt(np.pad(zone, 1))[1:-1, 1:-1]
    cells = np.argwhere(zone)
    # Deep cells come first; of equally deep ones, those near the middle of the zone.
    off_center = ((cells - cells.mean(axis=0)) ** 2).sum(axis=1)
    for i, j in cells[np.lexsort((off_center, -depth[zone]))].tolist():
        rows = _covered(y_edges, upwards[i] - height, upwards[i] + height)
        columns = _covered(x_edges, across[j] - width, across[j] + width)
        if rows and columns and zone[rows, columns].all():
            return i, j
    return None


def _covered(edges: list[float], low: float, high: float) -> slice | None:
    """Return the cells that an interval covers; None if it leaves the axes."""
    if low < edges[0] or high > edges[-1]:
        return None
    first, last = np.searchsorted(edges, [low, high])
    return slice(int(first) - 1, int(last))
