"""Plot of the transfer figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.plotting import bands, layout, style
from scbsim.studies.transfer.captions import caption_of
from scbsim.studies.transfer.outcomes import right_direction
from scbsim.studies.transfer.specs import RATE, SIGNAL
from scbsim.task import Task
from scbsim.trajectory.views import spec_table_of
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from scbsim.plotting.picture import Picture
    from scbsim.studies.transfer.outcomes import Learning, Recovery
    from scbsim.studies.transfer.specs import Setting

    Colors = dict[float | None, Any]

SHOWN: Final = 6
"""At most this many starts have curves; the bars show all."""

LOWEST: Final = 1e-3
"""Lower end of the axis of signals."""

_SMALL: Final[dict[str, Any]] = {"fontsize": "small"}
_TITLE: Final[dict[str, Any]] = {"fontsize": "medium"}


def draw(
    learning: Sequence[Learning],
    recovery: Sequence[Recovery],
    samples: Setting,
    note: str = "",
    width: float | None = None,
) -> Picture:
    """Draw the signals, the steps that learning takes, and how often it succeeds.

    ``learning`` is on real batches. ``recovery`` is under Gaussian noise, and ``samples`` is its
    setting. The title has ``note``. Lines and bars are medians; bands and whiskers span 10 to 90%
    of the runs. On the right, whiskers are one standard error of the share, and the dotted line is
    the probability that a run from scratch sets out in the right direction. With a ``width``, in
    inches, there is no title.
    """
    with style.styled(width):
        colors = _colors({*(each.start for each in learning), *(row.start for row in recovery)})
        figure, (signals, steps, shares) = _panels(width)
        _signals(signals, _few(learning), colors)
        _steps(steps, learning)
        _shares(shares, recovery, samples, colors)
        run = learning[0].run
        real = ", ".join([f"real batches of {batch_of(run)}", *style.sizes(run.attrs, "NT")])
        gaussian = ", ".join(["Gaussian noise", *style.sizes(samples.task, "NT")])
        signals.set_title(f"Signals\n{real}", **_TITLE)
        steps.set_title(f"Steps until A and V are learned\n{real}", **_TITLE)
        shares.set_title(f"Runs that learn, by batch size\n{gaussian}", **_TITLE)
        title = "Learning from a pretrained pair whose task correlates, and from scratch"
        sizes = "sizes, rates and what correlates are our choice"
        note_of = "; ".join(filter(None, (sizes, note)))
        layout.head(figure, style.title(title, [], note_of), width)
        layout.finish(figure, width)
    figure.caption = caption_of(learning, recovery, samples, note)
    return figure


def _panels(width: float | None) -> tuple[Picture, Sequence[Axes]]:
    """Return a figure and its three panels: side by side, in two rows, or below one another."""
    if width is None or width >= 9.0:
        figure = layout.new_figure((11.0, 4.2), width)
        return figure, list(figure.subplots(1, 3, width_ratios=(1.05, 1.1, 1.0)))
    wide = width >= 5.0
    names = ["signals", "steps", "shares"]
    below: list[Any] = [[name] for name in names]
    rows: list[Any] = [["signals", "shares"], ["steps", "steps"]]
    figure = layout.new_figure((7.4, 7.2) if wide else (4.6, 9.0), width)
    axes = figure.subplot_mosaic(rows if wide else below)
    return figure, [axes[name] for name in names]


def median(values: ArrayLike) -> float:
    """Return the lower median of steps, some of which may be infinite."""
    return float(np.sort(np.asarray(values))[(np.size(values) - 1) // 2])


def batch_of(run: xr.Dataset) -> int:
    """Return the batch size of a run."""
    return int(spec_table_of(run)["dynamics"]["batch_size"])


def name_of(start: float | None) -> str:
    """Return the legend label of a start."""
    return "from scratch" if start is None else f"correlation {start:g}"


def _colors(starts: set[float | None]) -> Colors:
    """Return a shade for each pretrained start, by rank, and another colour for scratch."""
    from matplotlib import colormaps

    pretrained = sorted(start for start in starts if start is not None)
    shades = colormaps["viridis_r"](np.linspace(0.12, 1.0, len(pretrained)))
    return {None: style.VERMILION, **dict(zip(pretrained, shades, strict=True))}


def _few(learning: Sequence[Learning]) -> Sequence[Learning]:
    """Return at most `SHOWN` starts: the first, the last, and mostly small correlations."""
    most = len(learning) - 1
    at = np.unique(np.round(most * np.linspace(0, 1, min(SHOWN, most + 1)) ** 1.3))
    return [learning[int(i)] for i in at]


def _signals(axes: Axes, learning: Sequence[Learning], colors: Colors) -> None:
    axes.set_yscale("log", nonpositive="mask")
    axes.set_ylim(LOWEST, 2.0)
    axes.axhline(SIGNAL, color=style.GREY, linewidth=0.8, zorder=1)
    longest = 0.0
    for each in learning:
        signal = np.fmax(each.run["alpha_A"].values, each.run["alpha_V"].values)
        low, middle, high = bands.of_replicas(signal)
        step, color = each.run["step"].values, colors[each.start]
        looks = {"color": color, "alpha": bands.BAND_ALPHA, "linewidth": 0, "zorder": 2}
        axes.fill_between(step, np.maximum(low, LOWEST / 10), high, **looks)
        style.curve(axes, step, middle, color=color, label=name_of(each.start), zorder=3)
        longest = max(longest, each.whole[np.isfinite(each.whole)].max(initial=0.0))
    axes.set_xlim(0, 1.15 * longest or None)
    axes.set_ylabel(r"larger signal, $\max(\alpha_A, \alpha_V)$")
    style.step_axis(axes)
    axes.legend(loc="lower right", **_SMALL)


def _steps(axes: Axes, learning: Sequence[Learning]) -> None:
    at = np.arange(len(learning))
    first = np.array([median(each.first) for each in learning])
    whole = np.array([median(each.whole) for each in learning])
    reached = np.isfinite(whole)
    top = whole[reached].max(initial=1.0)
    stage = np.minimum(first, np.where(reached, whole, first))
    stage[np.isinf(stage)] = 0.0
    looks: dict[str, Any] = {"width": 0.68, "zorder": 3}
    axes.bar(at, stage, color=style.ORANGE, label="first", **looks)
    rest = np.where(reached, whole, stage) - stage
    axes.bar(at, rest, bottom=stage, color="#b8b8b8", label="second", **looks)
    for i, each in enumerate(learning):
        if not reached[i]:
            axes.text(i, 0.02 * top, "not", ha="center", **_SMALL)
        elif whole[i] == 0:
            axes.text(i, 0.01 * top, "0", ha="center", **_SMALL)
        else:
            low, high = (np.quantile(each.whole, q, method="inverted_cdf") for q in bands.BAND)
            ends = [[whole[i] - low], [min(high, 1.5 * top) - whole[i]]]
            axes.errorbar(i, whole[i], ends, color="black", linewidth=1, capsize=2, zorder=4)
    axes.set_ylim(0, 1.4 * top)
    names = ["from\nscratch" if each.start is None else f"{each.start:g}" for each in learning]
    axes.set_xticks(at, names, **_SMALL)
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("correlation of the pretraining task")
    axes.set_ylabel("steps")
    thousands = batch_of(learning[0].run) / 1e3
    to_samples = (lambda steps: steps * thousands, lambda samples: samples / thousands)
    axes.secondary_yaxis("right", functions=to_samples).set_ylabel("samples, in thousands")
    axes.legend(title=rf"stage (signal below ${SIGNAL:g}$, then above)", ncols=2, **_SMALL)


def _shares(axes: Axes, recovery: Sequence[Recovery], samples: Setting, colors: Colors) -> None:
    axes.set_xscale("log", base=2)
    for row in recovery:
        share = np.array(row.recovered) / row.replicas
        error = np.sqrt(share * (1 - share) / row.replicas)
        label = "from scratch" if row.start is None else f"{row.start:g}"
        looks: dict[str, Any] = {"marker": "o", "markersize": 4, "capsize": 2, "clip_on": False}
        looks |= {"color": colors[row.start], "label": label}
        axes.errorbar(row.batches, share, error, **looks)
        if row.start is None:
            task = Task.random(**samples.task)
            batches = np.geomspace(samples.batches[0], samples.batches[-1], 100)
            expected = [right_direction(task, batch, RATE) for batch in batches]
            looks = {"color": style.VERMILION, "linestyle": ":", "linewidth": 1.2}
            axes.plot(batches, expected, label="expected", **looks)
    axes.set_ylim(0, 1.02)
    ticks = recovery[0].batches[:: 2 if len(recovery[0].batches) > 6 else 1]
    axes.set_xticks(ticks, [f"{batch}" for batch in ticks], **_SMALL)
    axes.minorticks_off()
    axes.set_xlabel("batch size")
    axes.set_ylabel(f"share of {counted(recovery[0].replicas, 'run')}")
    axes.legend(loc="lower right", handlelength=1.2, **_SMALL)
