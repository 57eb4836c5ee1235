"""Plots of figures 1, 3 and 4, from runs on real batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from scbsim.plotting import style
from scbsim.studies.figures import curves
from scbsim.studies.figures.population import population_since_stage_1
from scbsim.trajectory.views import since_stage_1, spec_of
from scbsim.util.text import counted, number_text

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    Runs = Mapping[str, xr.Dataset]

DISTANCES: Final = {"dist_V": r"$\|V-P\|_\mu$", "dist_A": r"$\|A-Q\|_\mu$"}
SIMILARITIES: Final = {
    "sim_A": r"similarity of $A$, $\cos(A, Q)$",
    "sim_V": r"similarity of $V$, $\cos(V, P)$",
}


def draw_1(runs: Runs, note: str = "") -> Figure:
    """Draw the distances from the truth against steps; a star is the normalised l1 solution."""
    shown = {name: since_stage_1(run) for name, run in runs.items()}
    with style.styled():
        figure = style.new_figure(8.2, 4.0)
        for axes, (name, label) in zip(figure.subplots(1, 2), DISTANCES.items(), strict=True):
            end = shown["l1"][f"normalized_{name}"].values[-1:]
            style.scale(axes, [*(run[name] for run in shown.values()), end], logarithmic=True)
            style.plain_log_ticks(axes)
            curves.draw_runs(axes, name, shown)
            curves.draw_star(axes, name, shown["l1"])
            axes.set_ylabel(label)
        _finish(figure, runs, note, curves.star_handles(shown["l1"]))
    return figure


def draw_3(runs: Runs, note: str = "") -> Figure:
    """Draw signals and noise parts against steps, with the population process."""
    shown = {name: since_stage_1(run) for name, run in runs.items()}
    process = population_since_stage_1(runs["l1"])
    labels = curves.SIGNAL_LABELS | curves.DELTA_LABELS
    with style.styled():
        figure = style.new_figure(8.2, 5.8)
        grid = figure.subplots(2, 2, sharex=True)
        for axes, (name, label) in zip(grid.flat, labels.items(), strict=True):
            curves.draw_dynamics(axes, name, shown, process)
            axes.set_ylabel(label)
        _finish(figure, runs, note, curves.dynamics_handles(shown["l1"]))
    return figure


def draw_4(runs: Runs, note: str = "") -> Figure:
    """Draw the similarities with the truth against steps, normalised and not."""
    shown = {name: since_stage_1(run) for name, run in runs.items()}
    with style.styled():
        figure = style.new_figure(8.2, 4.2)
        for axes, (name, label) in zip(figure.subplots(1, 2), SIMILARITIES.items(), strict=True):
            curves.draw_truth(axes)
            curves.draw_runs(axes, name, shown)
            for key, run in shown.items():
                steps, values = run["normalized_step"], run[f"normalized_{name}"]
                looks = {"color": curves.COLORS[key], "linestyle": style.DASHED, "zorder": 4}
                style.curve(axes, steps, values, **looks)
            axes.set_ylabel(label)
        level = f"{spec_of(runs['l1']).output.normalize_level:g}"
        normalized = f"normalised, threshold {level}"
        handles: list[Artist] = [
            style.line_handle("as it is", color=style.GREY),
            style.line_handle(normalized, color=style.GREY, linestyle=style.DASHED),
        ]
        _finish(figure, runs, note, handles)
    return figure


DRAW: Final[dict[int, Callable[[Runs, str], Figure]]] = {1: draw_1, 3: draw_3, 4: draw_4}


def _finish(figure: Figure, runs: Runs, note: str, handles: list[Artist]) -> None:
    """Add the x axis, the title and the legend. ``handles`` follow the entries of the runs."""
    for axes in figure.axes[-2:]:
        style.step_axis(axes, "steps since the end of stage 1")
    figure.align_ylabels()
    run = runs["l1"]
    end = style.integer(int(run["stage_end"].values[0]))
    samples = f"{counted(spec_of(run).dynamics.batch_size, 'sample')} a step"
    facts = [*style.sizes(run.attrs), samples, f"stage 1 ended at step {end}"]
    head = "SGD and $\\ell_1$ on real batches, a small instance"
    figure.suptitle(style.title(head, facts, note))
    lines = [style.line_handle(_rule(k, run), color=curves.COLORS[k]) for k, run in runs.items()]
    entries = [*lines, *handles]
    ncols = 2 if len(entries) == 4 else 3
    figure.legend(handles=entries, loc="outside lower center", ncols=ncols, handlelength=2.4)


def _rule(name: str, run: xr.Dataset) -> str:
    """Return the rule and the rate of a run's second stage."""
    stage = spec_of(run).stage[-1]
    if name == "l1":
        threshold = number_text(stage.threshold or 0.0)
        return rf"$\ell_1$ (proximal), rate {number_text(stage.rate_A)}, $\lambda = {threshold}$"
    return f"SGD, rate {number_text(stage.rate_A)}"
