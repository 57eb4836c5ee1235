"""Plots of figures 1, 3 and 4, from runs on real batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from scbsim.plotting import layout, style
from scbsim.plotting.bands import draw_values
from scbsim.studies.figures import curves
from scbsim.studies.figures.members import members, normalized_end, normalized_spread, spread
from scbsim.studies.figures.population import population_since_stage_1
from scbsim.trajectory.views import since_stage_1, spec_of
from scbsim.util.text import counted, number_text

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist

    from scbsim.plotting.picture import Picture
    from scbsim.studies.figures.members import Members

    Runs = Mapping[str, Members]

NARROW: Final = 4.5
"""Inches. In narrower pictures the label of the x axis has two lines."""

DISTANCES: Final = {"dist_V": r"$\|V-P\|_\mu$", "dist_A": r"$\|A-Q\|_\mu$"}
SIMILARITIES: Final = {
    "sim_A": r"similarity of $A$, $\cos(A, Q)$",
    "sim_V": r"similarity of $V$, $\cos(V, P)$",
}


def draw_1(runs: Runs, note: str = "", width: float | None = None) -> Picture:
    """Draw the distances from the truth against steps; a star is the normalised l1 solution.

    A run may be several, of which medians and bands are drawn. The title has ``note``; a picture of
    a ``width``, in inches, has no title. That holds for the others too.
    """
    shown = _shown(runs)
    with style.styled(width):
        figure = layout.new_figure((8.2, 4.0), width)
        for axes, (name, label) in zip(figure.subplots(1, 2), DISTANCES.items(), strict=True):
            ends = normalized_end(shown["l1"], name)
            each = [part for runs in shown.values() for part in spread(runs, name)[1]]
            each += [] if ends is None else list(ends[1])
            style.scale(axes, each, logarithmic=True)
            style.plain_log_ticks(axes)
            curves.draw_runs(axes, name, shown)
            curves.draw_star(axes, name, shown["l1"])
            axes.set_ylabel(label)
        _finish(figure, runs, note, width, curves.star_handles(shown["l1"]))
    return figure


def draw_3(runs: Runs, note: str = "", width: float | None = None) -> Picture:
    """Draw signals and noise parts against steps, with the population process."""
    shown = _shown(runs)
    process = population_since_stage_1(runs["l1"])
    labels = curves.SIGNAL_LABELS | curves.DELTA_LABELS
    with style.styled(width):
        figure = layout.new_figure((8.2, 5.8), width)
        grid = figure.subplots(2, 2, sharex=True)
        for axes, (name, label) in zip(grid.flat, labels.items(), strict=True):
            curves.draw_dynamics(axes, name, shown, process)
            axes.set_ylabel(label)
        _finish(figure, runs, note, width, curves.dynamics_handles(shown["l1"]))
    return figure


def draw_4(runs: Runs, note: str = "", width: float | None = None) -> Picture:
    """Draw the similarities with the truth against steps, normalised and not."""
    shown = _shown(runs)
    with style.styled(width):
        figure = layout.new_figure((8.2, 4.2), width)
        for axes, (name, label) in zip(figure.subplots(1, 2), SIMILARITIES.items(), strict=True):
            curves.draw_truth(axes)
            curves.draw_runs(axes, name, shown)
            for key, each in shown.items():
                looks: dict[str, Any] = {"linestyle": style.DASHED, "zorder": 4}
                along = normalized_spread(each, name)
                draw_values(axes, *along, curves.COLORS[key], **looks)
            axes.set_ylabel(label)
        level = f"{spec_of(members(runs['l1'])[0]).output.normalize_level:g}"
        normalized = f"normalised, threshold {level}"
        handles: list[Artist] = [
            style.line_handle("as it is", color=style.GREY),
            style.line_handle(normalized, color=style.GREY, linestyle=style.DASHED),
        ]
        _finish(figure, runs, note, width, handles)
    return figure


DRAW: Final[dict[int, Callable[..., Picture]]] = {1: draw_1, 3: draw_3, 4: draw_4}


def _shown(runs: Runs) -> dict[str, list[xr.Dataset]]:
    """Return the rows of each run from the end of its first stage on."""
    return {name: [since_stage_1(run) for run in members(each)] for name, each in runs.items()}


def _finish(
    figure: Picture, runs: Runs, note: str, width: float | None, handles: list[Artist]
) -> None:
    """Add the x axis, the title and the legend. ``handles`` follow the entries of the runs."""
    for axes in figure.axes[-2:]:
        between = "\n" if width is not None and width < NARROW else " "
        style.step_axis(axes, f"steps since{between}the end of stage 1")
    figure.align_ylabels()
    every = members(runs["l1"])
    run = every[0]
    ends = [int(each["stage_end"].values[0]) for each in every]
    samples = f"{counted(spec_of(run).dynamics.batch_size, 'sample')} a step"
    spans = [f"${style.integer(end)}$" for end in sorted({min(ends), max(ends)})]
    facts = [*style.sizes(run.attrs), samples, f"stage 1 ended at step {' to '.join(spans)}"]
    title = "SGD and $\\ell_1$ on real batches, a small instance"
    layout.head(figure, style.title(title, facts, note), width)
    lines = [
        style.line_handle(_rule(name, members(each)[0]), color=curves.COLORS[name])
        for name, each in runs.items()
    ]
    entries = [*lines, *handles, *curves.band_handles(every)]
    layout.legend_below(figure, entries, 2 if len(entries) == 4 else 3, handlelength=2.4)
    layout.finish(figure, width)


def _rule(name: str, run: xr.Dataset) -> str:
    """Return the rule and the rate of a run's second stage."""
    stage = spec_of(run).stage[-1]
    if name == "l1":
        threshold = number_text(stage.threshold or 0.0)
        return rf"$\ell_1$ (proximal), rate {number_text(stage.rate_A)}, $\lambda = {threshold}$"
    return f"SGD, rate {number_text(stage.rate_A)}"
