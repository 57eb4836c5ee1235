"""The numbers of curves for a page's script, and the empty plots that it fills."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scbsim.plotting import style
from scbsim.report.curves import Curves, Panel
from scbsim.report.library import axis_label, hover, item, new_plot
from scbsim.report.packing import packed
from scbsim.report.thin import rows_allowed, thinned
from scbsim.report.words import html

FEW: Final = 8
"""Up to this many curves have thick lines."""

MOST_AIMS: Final = 60
"""Up to this many curves, each is also found a few pixels beside it."""


def data_of(curves: Curves) -> dict[str, Any]:
    """Return curves in types of JSON: labels, keys with colours, and packed numbers.

    Raises
    ------
    InputError
        If they are too many for one page.
    """
    bands = sum(2 * len(panel.band[0]) for panel in curves.panels if panel.band)
    most = rows_allowed(len(curves.labels) + bands // max(1, len(curves.panels)), _columns(curves))
    longest = max((panel.values.shape[1] for panel in curves.panels), default=0)
    return {
        "labels": curves.labels,
        "keys": {key: _key(values, curves.colors) for key, values in curves.keys.items()},
        **_panels(curves.panels, most),
        "ends": curves.ends,
        "x": curves.x,
        "thinned": _thinned_in_words(longest, most) if longest > most else "",
    }


def _columns(curves: Curves) -> int:
    """Return how many columns of numbers there are; steps of each curve are one more."""
    return len(curves.panels) + any(panel.steps.ndim > 1 for panel in curves.panels)


def _thinned_in_words(longest: int, most: int) -> str:
    per = -(-2 * (longest - 2) // (most - 2))
    return (
        f"Long curves are thinned, from {longest:,} to at most {most:,} rows: of each stretch of "
        f"about {per:,} rows the smallest and the largest value are drawn, at its two ends. "
        "Zooming does not bring back what lies between; --only with fewer observables keeps more."
    )


def _key(values: list[Any], own: dict[str, str]) -> dict[str, Any]:
    """Return the distinct values of a key in order, their colours, and which one each curve has."""
    distinct = list(dict.fromkeys(values))
    if all(isinstance(each, int | float) for each in distinct):
        distinct.sort()
    names = [f"{each:g}" if isinstance(each, float) else str(each) for each in distinct]
    colors = style.colors(len(names))
    codes = {value: i for i, value in enumerate(distinct)}
    return {
        "names": names,
        "colors": [own.get(name, color) for name, color in zip(names, colors, strict=True)],
        "codes": [codes[value] for value in values],
    }


def _panels(panels: Sequence[Panel], most: int) -> dict[str, Any]:
    """Return all panels, and their steps: those that several panels share are there once."""
    shared: list[NDArray[Any]] = []
    found = []
    for panel in panels:
        steps, values = thinned(panel.steps, panel.values, most)
        same = (i for i, each in enumerate(shared) if np.array_equal(each, steps, equal_nan=True))
        at = next(same, len(shared))
        if at == len(shared):
            shared.append(steps)
        found.append({**_panel(panel, values, most), "x": at})
    return {"steps": list(map(packed, shared)), "panels": found}


def _panel(panel: Panel, values: NDArray[Any], most: int) -> dict[str, Any]:
    finite = np.isfinite(panel.values)
    # The last value of each curve; a curve without one has none.
    at = panel.values.shape[1] - 1 - np.argmax(finite[:, ::-1], axis=1)
    last = panel.values[np.arange(len(at)), at]
    found = {
        "name": panel.name,
        "title": html(panel.title),
        "log": panel.logarithmic,
        "y": packed(values),
        "last": packed(last),
        "stars": [list(map(float, star)) for star in panel.stars if np.isfinite(star).all()],
    }
    if panel.band is not None:
        rows, low, high = panel.band
        ends = [thinned(panel.steps, each, most)[1] for each in (low, high)]
        found["band"] = {"rows": rows.tolist(), "low": packed(ends[0]), "high": packed(ends[1])}
    return found


def templates(curves: Curves) -> dict[str, Any]:
    """Return the plots that the page's script copies: of curves, and of what varies."""
    found = {"panel": _panel_template(curves)}
    if len(curves.labels) > 2:
        found["parameters"] = _parameters_template()
    return found


def _panel_template(curves: Curves) -> dict[str, Any]:
    from bokeh.models import ColumnDataSource, LogAxis, Span

    scales = {"x_axis_type": "log"} if curves.x != "step" else {}
    plot = new_plot(
        "pan,xwheel_zoom,box_zoom,tap,reset,save", x_range=(1.0, 2.0), y_range=(1.0, 2.0), **scales
    )
    plot.add_layout(LogAxis(name="log"), "left")
    band = ColumnDataSource({"xs": [], "ys": [], "color": []})
    looks = {"fill_alpha": 0.25, "line_color": None}
    plot.patches("xs", "ys", source=band, fill_color="color", name="band", **looks)
    line = ColumnDataSource({"xs": [], "ys": [], "color": [], "label": [], "width": []})
    few = len(curves.labels) <= FEW
    lines = plot.multi_line(
        "xs",
        "ys",
        source=line,
        line_color="color",
        line_width="width",
        line_join="round",
        nonselection_line_alpha=0.25 if few else 0.06,
        name="lines",
    )
    aims = lines
    if len(curves.labels) <= MOST_AIMS:
        # Bokeh finds a line within half its width, and thin ones are hard to hit.
        clear = {"line_alpha": 0.0, "nonselection_line_alpha": 0.0, "line_width": 14}
        aims = plot.multi_line("xs", "ys", source=line, name="aims", **clear)
    star = ColumnDataSource({"x": [], "y": [], "color": []})
    marks = {"marker": "star", "size": 14, "line_color": "white"}
    plot.scatter("x", "y", source=star, fill_color="color", name="stars", **marks)
    for end in curves.ends:
        dotted: dict[str, Any] = {"line_color": style.GREY, "line_dash": "dotted"}
        plot.add_layout(Span(location=end, dimension="height", **dotted))
    along = "step" if curves.x == "step" else "x"
    told = [("", "@label"), (along, "$snap_x{%.10g}"), ("value", "$snap_y{%.5g}")]
    hover(plot, aims, told, line_policy="nearest")
    plot.xaxis.axis_label = axis_label(curves.x)
    return item(plot)


def _parameters_template() -> dict[str, Any]:
    from bokeh.models import ColumnDataSource, FixedTicker, LogAxis

    tools = "box_select,lasso_select,tap,pan,reset,save"
    plot = new_plot(tools, height=320, x_range=(-0.5, 1.5), y_range=(1.0, 2.0))
    plot.add_layout(LogAxis(name="log"), "left")
    dots = ColumnDataSource({"x": [], "y": [], "color": [], "label": []})
    marks = plot.scatter(
        "x", "y", source=dots, size=9, color="color", nonselection_alpha=0.15, name="dots"
    )
    hover(plot, marks, [("", "@label"), ("at the end", "@y{%.5g}")])
    plot.xaxis.ticker = FixedTicker(ticks=[0, 1])
    return item(plot)
