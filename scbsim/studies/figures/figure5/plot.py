"""The picture of figure 5, drawn from runs that are there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scbsim.plotting.bands import is_normalized
from scbsim.plotting.style import (
    BLACK,
    BLUE,
    DASHED,
    DELTA_LABELS,
    GREY,
    SIGNAL_LABELS,
    VERMILION,
    curve,
    new_figure,
    power,
    scale,
    signal_norm,
    star,
    star_handle,
    step_axis,
    styled,
    whole,
)
from scbsim.trajectory.views import spec_table_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = SIGNAL_LABELS | DELTA_LABELS
COLORS = {"sgd": VERMILION, "l1": BLUE}


@dataclass(frozen=True)
class Runs:
    """What one column of the figure is drawn from, all on one task."""

    l1: xr.Dataset
    sgd: xr.Dataset
    population: xr.Dataset


def draw(columns: Sequence[Runs], note: str = "") -> Figure:
    r"""Draw the signals and the noise parts against steps, a column for each N.

    Parameters
    ----------
    columns : sequence of Runs
        One for each N.
    note : str
        What was reduced, for the title.

    Returns
    -------
    matplotlib.figure.Figure
        With one column, two by two panels; else four rows. A thin dotted line beside
        :math:`\|\Delta\|` is the norm of the signal of the same run; a star the normalised l1
        solution.
    """
    with styled():
        if len(columns) == 1:
            figure = new_figure(7.2, 5.8)
            grid = figure.subplots(2, 2, sharex=True, squeeze=False)
            panels = [dict(zip(LABELS, grid.flat, strict=True))]
        else:
            figure = new_figure(1.2 + 3.4 * len(columns), 8.8)
            grid = figure.subplots(4, len(columns), sharex="col", sharey="row", squeeze=False)
            panels = [dict(zip(LABELS, column, strict=True)) for column in grid.T]
        for name in LABELS:
            for runs, axes in zip(columns, panels, strict=True):
                _panel(axes[name], name, runs)
        for name, axes in panels[0].items():
            axes.set_ylabel(LABELS[name])
        if len(columns) > 1:
            for runs, axes in zip(columns, grid[0], strict=True):
                axes.set_title(_size(runs.l1))
        for axes in grid[-1]:
            step_axis(axes)
        figure.align_ylabels()
        figure.suptitle(_title(columns, note))
        figure.legend(
            handles=_legend(columns), loc="outside lower center", ncols=3, handlelength=2.4
        )
    return figure


def _panel(axes: Axes, name: str, runs: Runs) -> None:
    """Draw one observable of the runs of one N."""
    drawn = {rule: getattr(runs, rule) for rule in COLORS}
    if name in DELTA_LABELS:
        norms = {rule: signal_norm(run, name) for rule, run in drawn.items()}
        everything = [*norms.values(), *(run[name] for run in drawn.values())]
        scale(axes, everything, logarithmic=True)
        for rule, norm in norms.items():
            looks = {"color": COLORS[rule], "linestyle": ":", "linewidth": 1.2, "zorder": 2}
            curve(axes, drawn[rule]["step"], norm, **looks)
    else:
        axes.axhline(1.0, color=GREY, linewidth=0.8, zorder=1)
        looks = {"color": BLACK, "linestyle": DASHED, "linewidth": 1.2, "zorder": 4}
        curve(axes, runs.population["step"], runs.population[name], **looks)
    for rule, run in drawn.items():
        curve(axes, run["step"], run[name], color=COLORS[rule], zorder=3)
    if is_normalized(runs.l1):
        step = float(runs.l1["normalized_step"].values[-1])
        star(axes, step, float(runs.l1[f"normalized_{name}"].values[-1]), COLORS["l1"])


def _title(columns: Sequence[Runs], note: str) -> str:
    run = columns[0].l1
    facts = [rf"$T = {whole(run.attrs['T'])}$", f"$Q = {run.attrs['Q']}$"]
    if len(columns) == 1:
        facts = [_size(run), *facts]
    engines = dict.fromkeys(each.attrs["engine"] for each in (run, columns[0].sgd))
    facts.append(f"{' and '.join(engines)} engine")
    title = f"SGD and $\\ell_1$ dynamics with Gaussian noise\n{', '.join(facts)}"
    return f"{title}\n({note})" if note else title


def _size(run: xr.Dataset) -> str:
    batch_size = spec_table_of(run)["dynamics"]["batch_size"]
    return f"$N = {run.attrs['N']}$, batch size ${power(batch_size)}$"


def _legend(columns: Sequence[Runs]) -> list[Any]:
    from matplotlib.lines import Line2D

    drawn = any(is_normalized(runs.l1) for runs in columns)
    return [
        Line2D([], [], color=VERMILION, label="SGD"),
        Line2D([], [], color=BLUE, label=r"$\ell_1$ (proximal)"),
        Line2D([], [], color=BLACK, linestyle=DASHED, linewidth=1.2, label="population process"),
        Line2D(
            [],
            [],
            color=GREY,
            linestyle=":",
            linewidth=1.4,
            label=r"norm of the signal, $\alpha\sqrt{K}$",
        ),
        *([star_handle(BLUE, r"$\ell_1$, normalised at the end")] if drawn else []),
        Line2D([], [], color=GREY, linewidth=0.8, label="ground truth"),
    ]
