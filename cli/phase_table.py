"""The table that ``scbsim phase`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import numpy as np
from rich.table import Table

from scbsim.cli.console import printing

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.studies.phase.boundary import Growth


def print_growth(diagram: xr.Dataset) -> None:
    """Print where the boundary of each rule lies, and how it grows."""
    from scbsim.studies.phase.boundary import growth

    x, y = (diagram[name].attrs["key"].rpartition(".")[2] for name in ("x", "y"))
    values = diagram["x"].values
    table = Table(box=None, padding=(0, 2, 0, 0))
    headings = [
        "\nrule",
        *(f"{y}\n{x} = {values[j]:.3g}" for j in (0, -1)),
        f"power\nof {x}",
        "10% to\n90%",
        f"of {len(values)}\ncolumns",
        "runs\ndiverged",
    ]
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "\nrule" else "right", no_wrap=True)
    for rule in map(str, diagram["rule"].values):
        each = growth(diagram, rule)
        table.add_row(
            rule,
            *(_place(diagram, each, j) for j in (0, -1)),
            "" if np.isnan(each.slope) else f"{each.slope:.3f} ± {each.error:.3f}",
            "" if np.isnan(each.width) else f"{each.width:.3g}",
            str(each.columns),
            str(each.diverged),
        )
    with printing() as console:
        console.print(table)
    click.echo(
        "Half of the runs recover at these values, interpolated; the power is by least\n"
        "squares over the columns that have one."
    )


def _place(diagram: xr.Dataset, each: Growth, j: int) -> str:
    """Say where a boundary is in a column, or on which side of the grid."""
    from scbsim.studies.phase.boundary import probability

    if np.isfinite(each.y[j]):
        return f"{each.y[j]:.3g}"
    share, y = probability(diagram, each.rule)[:, j], diagram["y"].values
    if (share < 0.5).all():
        return "none learns"
    return "all learn" if (share >= 0.5).all() else f"not one in {y[0]:.3g} to {y[-1]:.3g}"
