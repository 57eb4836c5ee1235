"""Heat maps of A and V of a run, beside the truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.contents.matrices import matrices
from scbsim.errors import InputError, MemoryNeeded
from scbsim.plotting.matrices import MOST_TOKENS, dense_part, rows_of_map, target_of
from scbsim.report.library import axis_label, hover, item, new_plot

if TYPE_CHECKING:
    from scbsim.contents.matrices import Matrices

Array = NDArray[np.float64]

PALETTE_SIZE: Final = 128


class Map(NamedTuple):
    """A heat map.

    Attributes
    ----------
    name, title : str
    values : (rows, columns) float64
    rows, columns : numpy.ndarray
        The numbers of the rows and columns in the whole matrix.
    axes : (str, str)
        What rows and columns are.
    line : int
        The number of rows above a line; 0 for none.
    """

    name: str
    title: str
    values: Array
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    axes: tuple[str, str]
    line: int = 0


def maps_of(path: Path) -> tuple[list[Map], str]:
    """Return the maps of the last state of a run's file, and a note; none if it kept no state."""
    try:
        found = matrices(path)
    except MemoryNeeded as error:
        return [], f"The matrices are not shown: {error}."
    except InputError as error:
        return [], f"{error}."
    return _maps(found), _note(found)


def _note(found: Matrices) -> str:
    few = min(found.task.N, MOST_TOKENS)
    part = f", of the first {few} tokens" if few < found.task.N else ""
    kept = "" if found.V is not None else ". V was kept as its signal alone, so it has no map"
    support = "The support is the positions at which the truth is not zero."
    return f"After step {found.step}{part}{kept}. {support}"


def _maps(found: Matrices) -> list[Map]:
    task = found.task
    tokens = np.arange(min(task.N, MOST_TOKENS))
    rows, on = rows_of_map(found.A, found.intercept, task, tokens)
    shown = dense_part(found.A, rows, tokens) + found.intercept[tokens]
    known, axes = task.truth_known, ("position t", "query token k")
    title = "A: the support, and below the largest others" if known else "A: its largest rows"
    maps = [Map("A", title, shown, rows, tokens, axes, on)]
    if known:
        target = target_of(task, rows, on, tokens)
        maps.append(Map("Q", "the truth Q, the same rows", target, rows, tokens, axes, on))
    if found.V is not None:
        here, axes = np.ix_(tokens, tokens), ("output token n", "source token m")
        maps.append(Map("V", "V", found.V[here], tokens, tokens, axes))
        if known and task.P is not None:
            maps.append(Map("P", "the truth P", task.P[here], tokens, tokens, axes))
    return maps


def drawn(each: Map) -> dict[str, Any]:
    """Return a heat map as JSON for the page. Each map has its own scale, with 0 in its middle."""
    from bokeh.models import (
        ColorBar,
        ColumnDataSource,
        FixedTicker,
        LinearColorMapper,
        Span,
    )

    height, width = each.values.shape
    largest = float(np.nanmax(np.abs(each.values), initial=0.0)) or 1.0
    plot = new_plot(
        "pan,box_zoom,wheel_zoom,reset,save",
        height=340,
        x_range=(-0.5, width - 0.5),
        y_range=(height - 0.5, -0.5),
    )
    at = np.indices(each.values.shape).reshape(2, -1)
    source = ColumnDataSource(
        {
            "x": at[1].astype(np.int16),
            "y": at[0].astype(np.int16),
            "row": each.rows[at[0]].astype(np.float64),
            "column": each.columns[at[1]].astype(np.int32),
            "value": each.values.ravel().astype(np.float32),
        }
    )
    mapper = LinearColorMapper(palette=_palette(), low=-largest, high=largest)
    cells = plot.rect(
        "x",
        "y",
        1,
        1,
        source=source,
        line_color=None,
        fill_color={"field": "value", "transform": mapper},
    )
    told = [(each.axes[0], "@row{%d}"), (each.axes[1], "@column{%d}"), ("value", "@value{%.5g}")]
    hover(plot, cells, told)
    plot.add_layout(ColorBar(color_mapper=mapper, width=10, padding=4), "right")
    ticks = np.unique(np.linspace(0, height - 1, 9).astype(int)).tolist()
    plot.yaxis.ticker = FixedTicker(ticks=ticks)
    plot.yaxis.major_label_overrides = {i: f"{each.rows[i]:,}" for i in ticks}
    plot.yaxis.axis_label, plot.xaxis.axis_label = map(axis_label, each.axes)
    if 0 < each.line < height:
        looks = {"dimension": "width", "line_dash": "dotted", "line_color": "black"}
        plot.add_layout(Span(location=each.line - 0.5, **looks))
    plot.grid.visible = False
    return item(plot)


def _palette() -> list[str]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["RdBu_r"](i / (PALETTE_SIZE - 1))) for i in range(PALETTE_SIZE)]
