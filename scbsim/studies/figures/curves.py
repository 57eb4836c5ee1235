"""Panels and legend entries that figures 1, 3, 4 and 5 share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.plotting import style
from scbsim.plotting.bands import is_normalized

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    Runs = Mapping[str, xr.Dataset]

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
        norms = {key: np.abs(run[alpha]) * float(run.attrs[K]) ** 0.5 for key, run in runs.items()}
        shown = [*norms.values(), *(run[name] for run in runs.values())]
        style.scale(axes, shown, logarithmic=True)
        looks: dict[str, Any] = {"linestyle": ":", "linewidth": 1.2, "zorder": 2}
        for key, norm in norms.items():
            style.curve(axes, runs[key]["step"], norm, color=COLORS[key], **looks)
    else:
        draw_truth(axes)
        style.curve(axes, process["step"], process[name], zorder=4, **_PROCESS)
    draw_runs(axes, name, runs)
    for key in starred:
        draw_star(axes, name, runs[key], COLORS[key])


def draw_truth(axes: Axes, value: float = 1.0, **looks: Any) -> None:
    """Draw a horizontal line at the value of the ground truth."""
    axes.axhline(value, color=style.GREY, linewidth=0.8, zorder=1, **looks)


def draw_runs(axes: Axes, name: str, runs: Runs) -> None:
    """Draw an observable of each run against steps."""
    for key, run in runs.items():
        style.curve(axes, run["step"], run[name], color=COLORS[key], zorder=3)


def draw_star(axes: Axes, name: str, run: xr.Dataset, color: str = COLORS["l1"]) -> None:
    """Mark the normalised end of a run, unless the run diverged."""
    value = float(run[f"normalized_{name}"].values[-1]) if is_normalized(run) else np.nan
    if np.isfinite(value):
        style.star(axes, float(run["normalized_step"].values[-1]), value, color)


def star_handles(*l1: xr.Dataset) -> list[Artist]:
    """Return the legend entry of the star, if one of the l1 runs has it."""
    label = r"$\ell_1$, normalised at the end"
    return [style.star_handle(COLORS["l1"], label)] if any(map(is_normalized, l1)) else []


def dynamics_handles(*l1: xr.Dataset) -> list[Artist]:
    """Return the legend entries of what :func:`draw_dynamics` draws besides the runs."""
    norm = r"norm of the signal, $\alpha\sqrt{K}$"
    return [
        style.line_handle("population process", **_PROCESS),
        style.line_handle(norm, color=style.GREY, linestyle=":", linewidth=1.4),
        *star_handles(*l1),
        style.line_handle("ground truth", color=style.GREY, linewidth=0.8),
    ]
