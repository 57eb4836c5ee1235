"""Panels and legend entries that figures 1, 3, 4 and 5 share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.plotting import style
from scbsim.plotting.bands import draw_values, is_normalized
from scbsim.studies.figures.members import members, normalized_end, spread

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from scbsim.studies.figures.members import Members

    Runs = Mapping[str, Members]

COLORS: Final = {
    "sgd": style.VERMILION,
    "sgd-large": style.VERMILION,
    "sgd-small": style.ORANGE,
    "l1": style.BLUE,
}
"""Colours of the runs, by name."""

SIGNAL_LABELS: Final = {"alpha_A": r"signal $\alpha_A$", "alpha_V": r"signal $\alpha_V$"}
DELTA_LABELS: Final = {"delta_A": r"$\|\Delta_A\|_\mu$", "delta_V": r"$\|\Delta_V\|_\mu$"}
_SIGNAL_OF: Final = {"delta_A": ("alpha_A", "K_Q"), "delta_V": ("alpha_V", "K_P")}

_PROCESS: Final[dict[str, Any]] = {
    "color": style.BLACK,
    "linestyle": style.DASHED,
    "linewidth": 1.2,
}


def draw_dynamics(
    axes: Axes,
    name: str,
    runs: Runs,
    process: xr.Dataset,
    starred: Sequence[str] = ("l1",),
) -> None:
    """Draw a signal beside the population process, or a noise part beside the signal's norm.

    The normalised ends of the runs in ``starred`` are stars.
    """
    if name in DELTA_LABELS:
        alpha, K = _SIGNAL_OF[name]
        norms = {
            key: spread(each, alpha, partial(_norm, float(members(each)[0].attrs[K]) ** 0.5))
            for key, each in runs.items()
        }
        shown = [norm.middle for _, norm in norms.values()]
        shown += [part for each in runs.values() for part in spread(each, name)[1]]
        style.scale(axes, shown, logarithmic=True)
        looks: dict[str, Any] = {"linestyle": ":", "linewidth": 1.2, "zorder": 2}
        for key, (steps, norm) in norms.items():
            style.curve(axes, steps, norm.middle, color=COLORS[key], **looks)
    else:
        draw_truth(axes)
        style.curve(axes, process["step"], process[name], zorder=4, **_PROCESS)
    draw_runs(axes, name, runs)
    for key in starred:
        draw_star(axes, name, runs[key], COLORS[key])


def _norm(root: float, alpha: Any) -> Any:
    return np.abs(alpha) * root


def draw_truth(axes: Axes, value: float = 1.0, **looks: Any) -> None:
    """Draw a horizontal line at the value of the ground truth."""
    axes.axhline(value, color=style.GREY, linewidth=0.8, zorder=1, **looks)


def draw_runs(axes: Axes, name: str, runs: Runs) -> None:
    """Draw an observable of each kind of run against steps, of several runs the band too."""
    for key, each in runs.items():
        draw_values(axes, *spread(each, name), COLORS[key], zorder=3)


def draw_star(axes: Axes, name: str, runs: Members, color: str = COLORS["l1"]) -> None:
    """Mark the normalised end, of several runs its median and band; none of runs that diverged."""
    end = normalized_end(runs, name)
    if end is None:
        return
    step, value = end
    if len(members(runs)) > 1:
        ends = [float(value.low[0]), float(value.high[0])]
        axes.plot([step, step], ends, color=color, linewidth=1.2, zorder=4.5)
    style.star(axes, step, float(value.middle[0]), color)


def star_handles(*l1: Members) -> list[Artist]:
    """Return the legend entry of the star, if one of the l1 runs has it."""
    label = r"$\ell_1$, normalised at the end"
    there = any(is_normalized(run) for each in l1 for run in members(each))
    return [style.star_handle(COLORS["l1"], label)] if there else []


def band_handles(runs: Members) -> list[Artist]:
    """Return the legend entry of bands, if there are several runs."""
    count = len(members(runs))
    return [style.band_handle(count)] if count > 1 else []


def dynamics_handles(*l1: Members) -> list[Artist]:
    """Return the legend entries of what :func:`draw_dynamics` draws besides the runs.

    The population process is SGD without noise; it has no threshold.
    """
    norm = r"norm of the signal, $\alpha\sqrt{K}$"
    return [
        style.line_handle("population process of SGD", **_PROCESS),
        style.line_handle(norm, color=style.GREY, linestyle=":", linewidth=1.4),
        *star_handles(*l1),
        style.line_handle("ground truth", color=style.GREY, linewidth=0.8),
    ]
