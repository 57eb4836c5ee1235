"""The picture of transfer, drawn from runs that are there already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.plotting.bands import BAND, BAND_ALPHA
from scbsim.plotting.style import (
    GREY,
    ORANGE,
    VERMILION,
    curve,
    drawable,
    new_figure,
    step_axis,
    styled,
    whole,
)
from scbsim.studies.transfer.outcomes import right_direction
from scbsim.studies.transfer.specs import RATE, SIGNAL
from scbsim.task import Task
from scbsim.trajectory.views import spec_table_of
from scbsim.util.quantiles import quantiles

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from scbsim.studies.transfer.outcomes import Learning, Recovery
    from scbsim.studies.transfer.specs import Setting

SHOWN: Final = 6
"""Starts of which there are curves, at most; the bars have all."""

LOWEST: Final = 1e-3
"""Signals below are not seen."""


def draw(
    learning: Sequence[Learning], recovery: Sequence[Recovery], samples: Setting, note: str = ""
) -> Figure:
    """Draw the signals, the steps that learning takes, and how often it succeeds.

    Parameters
    ----------
    learning : sequence of Learning
        Runs from each start, on real batches.
    recovery : sequence of Recovery
        How many recover the truth at each batch size, under Gaussian noise.
    samples : Setting
        That of ``recovery``.
    note : str
        What was reduced, for the title.

    Returns
    -------
    matplotlib.figure.Figure
        Lines and bars are medians, bands and whiskers from 10 to 90% of the runs; on the right,
        whiskers are one standard error of the share, and the dotted line is the chance that a run
        from scratch sets out in the right direction.
    """
    with styled():
        colors = _colors({*(each.start for each in learning), *(row.start for row in recovery)})
        figure = new_figure(11.0, 4.2)
        signals, steps, shares = figure.subplots(1, 3, width_ratios=(1.05, 1.1, 1.0))
        _signals(signals, _few(learning), colors)
        _steps(steps, learning)
        _shares(shares, recovery, samples, colors)
        run = learning[0].run
        real = (
            rf"real batches of {batch_of(run)}, $N = {run.attrs['N']}$, "
            f"$T = {whole(run.attrs['T'])}$"
        )
        signals.set_title(f"Signals\n{real}", fontsize=9)
        steps.set_title(f"Steps until A and V are learned\n{real}", fontsize=9)
        gaussian = f"Gaussian noise, $N = {samples.task['N']}$, $T = {whole(samples.T)}$"
        shares.set_title(f"Runs that learn, by batch size\n{gaussian}", fontsize=9)
        title = "Learning from a pretrained pair whose task correlates, and from scratch"
        sizes = "sizes, rates and what correlates are our choice"
        figure.suptitle(f"{title}\n({'; '.join(filter(None, (sizes, note)))})")
    return figure


def median(values: ArrayLike) -> float:
    """Return the median of steps, of which some may be infinite."""
    return float(np.sort(np.asarray(values))[(np.size(values) - 1) // 2])


def batch_of(run: xr.Dataset) -> int:
    """Return the batch size of a run."""
    return int(spec_table_of(run)["dynamics"]["batch_size"])


def name_of(start: float | None) -> str:
    """Return what a start is called in a legend."""
    return "from scratch" if start is None else f"correlation {start:g}"


def _colors(starts: set[float | None]) -> dict[float | None, Any]:
    """Give each pretrained start a shade by its rank, and scratch a colour that is none of them."""
    from matplotlib import colormaps

    pretrained = sorted(start for start in starts if start is not None)
    shades = colormaps["viridis_r"](np.linspace(0.12, 1.0, len(pretrained)))
    return {None: VERMILION, **dict(zip(pretrained, shades, strict=True))}


def _few(learning: Sequence[Learning]) -> Sequence[Learning]:
    """Return some of the starts: the first, the last, more where correlations are small."""
    most = len(learning) - 1
    at = np.unique(np.round(most * np.linspace(0, 1, min(SHOWN, most + 1)) ** 1.3))
    return [learning[int(i)] for i in at]


def _signals(axes: Axes, learning: Sequence[Learning], colors: dict[Any, Any]) -> None:
    axes.set_yscale("log", nonpositive="mask")
    axes.set_ylim(LOWEST, 2.0)
    axes.axhline(SIGNAL, color=GREY, linewidth=0.8, zorder=1)
    longest = 0.0
    for each in learning:
        signal = np.fmax(each.run["alpha_A"].values, each.run["alpha_V"].values)
        # Where a run has ended nothing is drawn of it; where half have, of none.
        few = 2 * (~np.isnan(signal)).sum(axis=0) < signal.shape[0]
        low, middle, high = np.where(few, np.nan, quantiles(signal, (BAND[0], 0.5, BAND[1])))
        step = each.run["step"].values
        looks = {"color": colors[each.start], "alpha": BAND_ALPHA, "linewidth": 0, "zorder": 2}
        axes.fill_between(step, np.maximum(drawable(low), LOWEST / 10), drawable(high), **looks)
        curve(axes, step, middle, color=colors[each.start], label=name_of(each.start), zorder=3)
        if np.isfinite(each.whole).any():
            longest = max(longest, each.whole[np.isfinite(each.whole)].max())
    axes.set_xlim(0, 1.15 * longest or None)
    axes.set_ylabel(r"larger signal, $\max(\alpha_A, \alpha_V)$")
    step_axis(axes)
    axes.legend(loc="lower right", fontsize=8)


def _steps(axes: Axes, learning: Sequence[Learning]) -> None:
    at = np.arange(len(learning))
    first = np.array([median(each.first) for each in learning])
    every = np.array([median(each.whole) for each in learning])
    reached = np.isfinite(every)
    top = every[reached].max(initial=1.0)
    stage = np.minimum(first, np.where(reached, every, first))
    stage[np.isinf(stage)] = 0.0
    looks: dict[str, Any] = {"width": 0.68, "zorder": 3}
    axes.bar(at, stage, color=ORANGE, label="first", **looks)
    rest = np.where(reached, every, stage) - stage
    axes.bar(at, rest, bottom=stage, color="#b8b8b8", label="second", **looks)
    for i, each in enumerate(learning):
        if not reached[i]:
            axes.text(i, 0.02 * top, "not", ha="center", fontsize=8)
            continue
        if every[i] == 0:
            axes.text(i, 0.01 * top, "0", ha="center", fontsize=8)
            continue
        low, high = (np.quantile(each.whole, q, method="inverted_cdf") for q in BAND)
        ends = [[every[i] - low], [min(high, 1.5 * top) - every[i]]]
        axes.errorbar(i, every[i], ends, color="black", linewidth=1, capsize=2, zorder=4)
    axes.set_ylim(0, 1.4 * top)
    names = ["from\nscratch" if each.start is None else f"{each.start:g}" for each in learning]
    axes.set_xticks(at, names, fontsize=8)
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("correlation of the pretraining task")
    axes.set_ylabel("steps")
    batch = batch_of(learning[0].run)
    right = axes.secondary_yaxis("right", functions=(_times(batch / 1e3), _times(1e3 / batch)))
    right.set_ylabel("samples, in thousands")
    axes.legend(title=rf"stage (signal below ${SIGNAL:g}$, then above)", fontsize=8, ncols=2)


def _times(factor: float) -> Callable[[Any], Any]:
    return lambda x: x * factor


def _shares(
    axes: Axes, recovery: Sequence[Recovery], samples: Setting, colors: dict[Any, Any]
) -> None:
    axes.set_xscale("log", base=2)
    task = Task.random(**samples.task)
    fine = np.geomspace(samples.batches[0], samples.batches[-1], 100)
    for row in recovery:
        share = np.array(row.recovered) / row.replicas
        error = np.sqrt(share * (1 - share) / row.replicas)
        axes.errorbar(
            row.batches,
            share,
            error,
            color=colors[row.start],
            marker="o",
            markersize=4,
            capsize=2,
            label="from scratch" if row.start is None else f"{row.start:g}",
            clip_on=False,
        )
        if row.start is None:
            axes.plot(
                fine,
                [right_direction(task, batch, RATE) for batch in fine],
                color=VERMILION,
                linestyle=":",
                linewidth=1.2,
                label="expected",
            )
    axes.set_ylim(0, 1.02)
    ticks = recovery[0].batches[:: 2 if len(recovery[0].batches) > 6 else 1]
    axes.set_xticks(ticks, [f"{batch}" for batch in ticks], fontsize=8)
    axes.minorticks_off()
    axes.set_xlabel("batch size")
    axes.set_ylabel(f"share of {recovery[0].replicas} runs")
    axes.legend(loc="lower right", fontsize=8, handlelength=1.2)
