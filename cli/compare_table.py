"""The table that ``scbsim compare`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import numpy as np
from rich.table import Table

from scbsim.cli.console import printing

if TYPE_CHECKING:
    import xarray as xr

_LARGE = 1e4


def print_gaps(found: xr.Dataset) -> None:
    """Print how far the medians are from those of real batches, in percent."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    models = [str(model) for model in found["gaussian"].values]
    headings = ["", "percent\nof the"]
    for model in models:
        headings += [f"{model}\nlargest", "\nmean", "\nband"]
    headings += ["chance\nlargest", "\nmean"]
    for i, heading in enumerate(headings):
        left = i < 2
        table.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for name in map(str, found["observable"].values):
        row = found.sel(observable=name)
        cells = [name, str(row["relative_to"].values)]
        for model in models:
            of = row.sel(gaussian=model)
            cells += [_percent(of["largest_gap"]), _percent(of["mean_gap"]), _times(of["width"])]
        table.add_row(*cells, _percent(row["chance_largest"]), _percent(row["chance_mean"]))
    with printing() as console:
        console.print(table)
    said = "fitted" if found.attrs["fitted"] == "true" else "as in the spec"
    click.echo(
        "Gaps of medians in percent of real batches: of their median at the step where it is\n"
        "bounded away from 0, else of its range over the run. band: width of the 10-90% band over\n"
        "that of real batches. chance: what one in twenty pairs of real ensembles exceeds.\n"
        f"isotropic: sigma_A = {found.attrs['sigma_A']:g}, sigma_V = {found.attrs['sigma_V']:g}, "
        f"{said}. matched: renewed every {found.attrs['every']} steps."
    )


def _percent(value: xr.DataArray) -> str:
    percent = 100 * float(value)
    return _short(percent, 0 if percent >= 10 else 1)


def _times(value: xr.DataArray) -> str:
    return _short(float(value), 2)


def _short(number: float, digits: int) -> str:
    """Return a number that fits its column, though a run that diverges knows no bounds."""
    if np.isnan(number):
        return "-"
    return f"{number:.{digits}f}" if number < _LARGE else ">1e4"
