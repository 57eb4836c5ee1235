"""The picture of a comparison: every observable under real batches and both models of noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.observables import OBSERVABLES, Observable
from scbsim.plotting.bands import Spread, draw_values
from scbsim.plotting.places import pictures_in
from scbsim.plotting.style import (
    BLACK,
    BLUE,
    GREY,
    VERMILION,
    new_figure,
    power,
    scale,
    step_axis,
    styled,
    whole,
)
from scbsim.studies.recipe import saved
from scbsim.trajectory.views import spec_table_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOOKS: Final[dict[str, tuple[str, str, Any]]] = {
    "batch": (BLACK, "real batches", "-"),
    "isotropic": (VERMILION, "Gaussian, isotropic", (0, (4, 2))),
    "matched": (BLUE, "Gaussian, matched", (0, (1, 1))),
}
"""Colour, name and line of each model."""

LOGARITHMIC: Final = ("delta_A", "delta_V", "dist_A", "dist_V")
DECADES: Final = 1e4


def pictures(found: xr.Dataset, folder: Path) -> tuple[Path, ...]:
    """Draw the outcome of a comparison as ``compare.png`` and ``compare.pdf``."""
    return saved(draw(found), pictures_in(folder, "compare"))


def draw(found: xr.Dataset) -> Figure:
    """Draw medians over replicas and bands from the first to the last decile, against steps."""
    with styled():
        figure = new_figure(9.6, 7.4)
        grid = figure.subplots(3, 3, sharex=True)
        for axes, observable in zip(grid.T.flat, _ordered(), strict=True):
            _panel(axes, found, observable.name)
            axes.set_title(f"${observable.symbol}$")
        for axes in grid[-1]:
            step_axis(axes)
        figure.suptitle(_title(found))
        figure.legend(handles=_legend(found), loc="outside lower center", ncols=4)
    return figure


def _ordered() -> list[Observable]:
    """Return the observables by columns of the picture: those of A, of V, and the others."""
    by_name = {o.name: o for o in OBSERVABLES}
    names = [f"{of}_{matrix}" for matrix in "AV" for of in ("alpha", "delta", "dist")]
    return [by_name[name] for name in (*names, "sim_A", "sim_V", "loss")]


def _panel(axes: Axes, found: xr.Dataset, name: str) -> None:
    spreads = {model: Spread(*found[name].sel(model=model).values) for model in LOOKS}
    medians = [each.middle for each in spreads.values()]
    scale(axes, medians, logarithmic=name in LOGARITHMIC)
    if axes.get_yscale() == "log":
        # What rounding left of a zero would take the whole picture.
        positive = np.array(medians)[np.array(medians) > 0]
        axes.set_ylim(bottom=max(positive.max() / DECADES, positive.min() / 2))
    for model, (color, _, line) in LOOKS.items():
        draw_values(axes, found["step"].values, spreads[model], color, linestyle=line, zorder=3)


def _title(found: xr.Dataset) -> str:
    spec = spec_table_of(found)
    task, dynamics = spec["task"], spec["dynamics"]
    facts = [f"${name} = {whole(task[name])}$" for name in ("N", "T", "Q") if name in task]
    rules = dict.fromkeys(stage.get("rule") or dynamics["rule"] for stage in spec["stage"])
    facts += [f"batch size ${power(dynamics['batch_size'])}$", " then ".join(rules)]
    return f"Gaussian noise in place of real batches\n{', '.join(facts)}"


def _legend(found: xr.Dataset) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines = [
        Line2D([], [], color=c, label=said, linestyle=line) for c, said, line in LOOKS.values()
    ]
    of = f"median and 10-90% of {found.attrs['replicas']} replicas"
    return [*lines, Patch(facecolor=GREY, alpha=0.6, label=of)]
