"""Maps of a phase diagram: one for each rule, with the line at which half of the runs recover."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.plotting import style
from scbsim.report.library import axis_label, hover, item, new_plot
from scbsim.report.words import plain
from scbsim.spec.run_names import word
from scbsim.studies.phase.boundary import boundary, probability, scale_of
from scbsim.studies.phase.plot import cell_edges, key_label
from scbsim.studies.phase.results import LONG_NAMES
from scbsim.studies.phase.rules import under
from scbsim.trajectory.views import spec_table_of

if TYPE_CHECKING:
    import xarray as xr

SHARE: Final = "share"
_COUNTS: Final = ("recovered", "diverged", "replicas")


def quantities(diagram: xr.Dataset) -> dict[str, str]:
    """Return what a map may show, with a description: the share, and medians that have values."""
    found = {SHARE: "share of the runs that recovered the truth"}
    for name, long_name in LONG_NAMES.items():
        if name == "diverged" or (name.startswith("median_") and name in diagram):
            found[name] = long_name
    return {k: v for k, v in found.items() if k == SHARE or not diagram[k].isnull().all()}


def map_of(diagram: xr.Dataset, rule: str) -> dict[str, Any]:
    """Return the map of a rule as JSON for the page."""
    from bokeh.models import ColorBar, ColumnDataSource, LinearColorMapper
    from bokeh.palettes import Cividis256

    scales = {name: scale_of(diagram, name) for name in ("x", "y")}
    x, y = (diagram[name].values.astype(float) for name in ("x", "y"))
    edges = [cell_edges(values, scales[name]) for values, name in ((x, "x"), (y, "y"))]
    plot = new_plot(
        "pan,box_zoom,wheel_zoom,tap,reset,save",
        height=380,
        x_axis_type=scales["x"],
        y_axis_type=scales["y"],
        x_range=tuple(edges[0][[0, -1]].tolist()),
        y_range=tuple(edges[1][[0, -1]].tolist()),
    )
    row, column = np.indices((len(y), len(x))).reshape(2, -1)
    columns = {
        "left": edges[0][column],
        "right": edges[0][column + 1],
        "bottom": edges[1][row],
        "top": edges[1][row + 1],
        "x": x[column],
        "y": y[row],
        SHARE: probability(diagram, rule).ravel(),
    }
    of_rule = diagram.sel(rule=rule)
    for name in {*quantities(diagram), *_COUNTS} - {SHARE}:
        columns[name] = of_rule[name].values.ravel().astype(np.float64)
    source = ColumnDataSource(
        {name: values.astype(np.float64) for name, values in columns.items()}, name="points"
    )
    mapper = LinearColorMapper(palette=Cividis256, low=0.0, high=1.0, nan_color="#dddddd")
    cells = plot.quad(
        left="left",
        right="right",
        bottom="bottom",
        top="top",
        source=source,
        line_color={"field": SHARE, "transform": mapper},
        nonselection_fill_alpha=1.0,
        nonselection_line_alpha=1.0,
        selection_line_color=style.VERMILION,
        selection_line_width=2.5,
        fill_color={"field": SHARE, "transform": mapper},
        name="cells",
    )
    line = boundary(probability(diagram, rule), y, log=scales["y"] == "log")
    if np.isfinite(line).any():
        plot.line(x, line, line_color="white", line_width=4)
        plot.line(x, line, line_color="black", line_width=2, line_dash="dashed")
    keys = [diagram[name].attrs["key"] for name in ("x", "y")]
    labels = [plain(key_label(key)) for key in keys]
    plot.xaxis.axis_label, plot.yaxis.axis_label = map(axis_label, labels)
    told = [("x", "@x{%.6g}"), ("y", "@y{%.6g}"), ("share", "@share{%.3g}")]
    told += [("recovered", "@recovered of @replicas"), ("diverged", "@diverged")]
    hover(plot, cells, told)
    plot.add_layout(ColorBar(color_mapper=mapper, width=10, padding=4), "right")
    plot.grid.visible = False
    return item(plot)


def settings_of(diagram: xr.Dataset) -> dict[str, Any]:
    """Return the words after ``--set`` by which ``scbsim run`` repeats each point of a diagram.

    Returns
    -------
    dict
        ``rules``: those of each rule. ``x``, ``y``: that of each value, in order.
    """
    grid = json.loads(diagram.attrs["grid"])
    found: dict[str, Any] = {"rules": {}}
    for name in ("x", "y"):
        key = diagram[name].attrs["key"]
        values = diagram[name].values.tolist()
        found[name] = [f"{key}={word(value)}" for value in values]
    for rule in str(grid["rules"]).split(","):
        before, after = spec_table_of(diagram), spec_table_of(diagram)
        under(after, rule)
        found["rules"][rule] = _changes(_flat(before), _flat(after))
    return found


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    removed = [f"{key}=" for key in before if key not in after]
    return removed + [f"{k}={word(v)}" for k, v in after.items() if before.get(k) != v]


def _flat(tables: Any, prefix: str = "") -> dict[str, Any]:
    """Return nested tables and lists by dotted keys."""
    if not isinstance(tables, dict | list):
        return {prefix: tables}
    items = tables.items() if isinstance(tables, dict) else enumerate(tables)
    found: dict[str, Any] = {}
    for key, value in items:
        found |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return found
