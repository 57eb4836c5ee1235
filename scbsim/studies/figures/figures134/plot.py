"""The pictures of figures 1, 3 and 4, drawn from runs on real batches that are there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.plotting.bands import is_normalized
from scbsim.plotting.style import (
    BLACK,
    BLUE,
    DASHED,
    DELTA_LABELS,
    GREY,
    ORANGE,
    SIGNAL_LABELS,
    VERMILION,
    curve,
    new_figure,
    plain_log_ticks,
    scale,
    signal_norm,
    star,
    star_handle,
    step_axis,
    styled,
    whole,
)
from scbsim.studies.figures.population import population_since_stage_1
from scbsim.trajectory.views import since_stage_1, spec_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Runs = Mapping[str, xr.Dataset]

COLORS: Final = {"sgd-large": VERMILION, "sgd-small": ORANGE, "l1": BLUE}
DISTANCES: Final = {"dist_V": r"$\|V-P\|_\mu$", "dist_A": r"$\|A-Q\|_\mu$"}
SIMILARITIES: Final = {
    "sim_A": r"similarity of $A$, $\cos(A, Q)$",
    "sim_V": r"similarity of $V$, $\cos(V, P)$",
}


def draw_1(runs: Runs, note: str = "") -> Figure:
    """Draw the distances from the truth against steps; a star is the normalised l1 solution."""
    drawn = {name: since_stage_1(run) for name, run in runs.items()}
    with styled():
        figure = new_figure(8.2, 4.0)
        for axes, (name, label) in zip(figure.subplots(1, 2), DISTANCES.items(), strict=True):
            ends = drawn["l1"][f"normalized_{name}"].values[-1:]
            scale(axes, [*(run[name] for run in drawn.values()), ends], logarithmic=True)
            plain_log_ticks(axes)
            for rule, run in drawn.items():
                curve(axes, run["step"], run[name], color=COLORS[rule], zorder=3)
            _star(axes, drawn["l1"], name)
            axes.set_ylabel(label)
        _finish(figure, runs, note, _rules(runs), *_star_handles(drawn["l1"]))
    return figure


def draw_3(runs: Runs, note: str = "") -> Figure:
    """Draw signals and noise parts against steps, with the population process."""
    drawn = {name: since_stage_1(run) for name, run in runs.items()}
    process = population_since_stage_1(runs["l1"])
    with styled():
        figure = new_figure(8.2, 5.8)
        grid = figure.subplots(2, 2, sharex=True)
        for axes, (name, label) in zip(grid[0], SIGNAL_LABELS.items(), strict=True):
            axes.axhline(1.0, color=GREY, linewidth=0.8, zorder=1)
            looks = {"color": BLACK, "linestyle": DASHED, "linewidth": 1.2, "zorder": 4}
            curve(axes, process["step"], process[name], **looks)
            axes.set_ylabel(label)
        for axes, (name, label) in zip(grid[1], DELTA_LABELS.items(), strict=True):
            norms = {rule: signal_norm(run, name) for rule, run in drawn.items()}
            scale(axes, [*norms.values(), *(r[name] for r in drawn.values())], logarithmic=True)
            for rule, norm in norms.items():
                looks = {"color": COLORS[rule], "linestyle": ":", "linewidth": 1.2, "zorder": 2}
                curve(axes, drawn[rule]["step"], norm, **looks)
            axes.set_ylabel(label)
        for axes, name in zip(grid.flat, (*SIGNAL_LABELS, *DELTA_LABELS), strict=True):
            for rule, run in drawn.items():
                curve(axes, run["step"], run[name], color=COLORS[rule], zorder=3)
            _star(axes, drawn["l1"], name)
        words = r"norm of the signal, $\alpha\sqrt{K}$"
        _finish(
            figure,
            runs,
            note,
            _rules(runs),
            _line(color=BLACK, linestyle=DASHED, linewidth=1.2, label="population process"),
            _line(color=GREY, linestyle=":", linewidth=1.4, label=words),
            *_star_handles(drawn["l1"]),
            _line(color=GREY, linewidth=0.8, label="ground truth"),
        )
    return figure


def draw_4(runs: Runs, note: str = "") -> Figure:
    """Draw the similarities with the truth against steps, as they are and normalised."""
    drawn = {name: since_stage_1(run) for name, run in runs.items()}
    with styled():
        figure = new_figure(8.2, 4.2)
        for axes, (name, label) in zip(figure.subplots(1, 2), SIMILARITIES.items(), strict=True):
            axes.axhline(1.0, color=GREY, linewidth=0.8, zorder=1)
            for rule, run in drawn.items():
                color = COLORS[rule]
                curve(axes, run["step"], run[name], color=color, zorder=3)
                normalized = run[f"normalized_{name}"]
                looks = {"color": color, "linestyle": DASHED, "zorder": 4}
                curve(axes, run["normalized_step"], normalized, **looks)
            axes.set_ylabel(label)
        threshold = spec_of(runs["l1"]).output.normalize_level
        _finish(
            figure,
            runs,
            note,
            _rules(runs),
            _line(color=GREY, label="as it is"),
            _line(color=GREY, linestyle=DASHED, label=f"normalised, threshold {threshold:g}"),
        )
    return figure


DRAW: Final[dict[int, Callable[[Runs, str], Figure]]] = {1: draw_1, 3: draw_3, 4: draw_4}
L1_END: Final = r"$\ell_1$, normalised at the end"


def _star(axes: Axes, run: xr.Dataset, name: str) -> None:
    """Mark the normalised end of a run, if there is one: one that diverged has none."""
    value = run[f"normalized_{name}"].values[-1] if is_normalized(run) else np.nan
    if np.isfinite(value):
        star(axes, float(run["normalized_step"].values[-1]), float(value), BLUE)


def _star_handles(run: xr.Dataset) -> list[Any]:
    """Return what the legend has of the star, if there is one."""
    return [star_handle(BLUE, L1_END)] if is_normalized(run) else []


def _rules(runs: Runs) -> list[Any]:
    rates = {name: f"rate {spec_of(run).stage[-1].rate_A:g}" for name, run in runs.items()}
    lam = spec_of(runs["l1"]).stage[-1].threshold
    words = {name: f"SGD, {rate}" for name, rate in rates.items()}
    words["l1"] = rf"$\ell_1$ (proximal), {rates['l1']}, $\lambda = {lam:g}$"
    return [_line(color=COLORS[name], label=words[name]) for name in runs]


def _line(**looks: Any) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], **looks)


def _finish(figure: Figure, runs: Runs, note: str, rules: list[Any], *others: Any) -> None:
    """Add what all three have: the axis of steps, the title, the legend."""
    for axes in figure.axes[-2:]:
        step_axis(axes)
        axes.set_xlabel("steps since the end of stage 1")
    figure.align_ylabels()
    run = runs["l1"]
    spec = spec_of(run)
    facts = [f"${name} = {whole(run.attrs[name])}$" for name in ("N", "T", "Q")]
    facts.append(f"{spec.dynamics.batch_size} samples a step")
    facts.append(f"stage 1 ended at step {whole(int(run['stage_end'].values[0]))}")
    title = f"SGD and $\\ell_1$ on real batches, a small instance\n{', '.join(facts)}"
    figure.suptitle(f"{title}\n({note})" if note else title)
    handles = [*rules, *others]
    ncols = 2 if len(handles) == 4 else 3
    figure.legend(handles=handles, loc="outside lower center", ncols=ncols, handlelength=2.4)
