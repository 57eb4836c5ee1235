"""Values of a run that plots show: a single curve, or the median and band of an ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from scbsim.plotting.style import curve, drawable
from scbsim.trajectory.views import spec_table_of
from scbsim.util.quantiles import quantiles

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

BAND: Final = (0.1, 0.9)
BAND_ALPHA: Final = 0.25
MOST_OF_BAND: Final = 600
"""A band is drawn at this many steps at most, which are nearer to each other than print shows."""


class Spread(NamedTuple):
    """The median over replicas, and the quantiles `BAND`. All three are equal for a single run."""

    low: NDArray[np.float64]
    middle: NDArray[np.float64]
    high: NDArray[np.float64]


def replicas(run: xr.Dataset) -> int:
    """Return the number of replicas of an ensemble, or 0 for a single run."""
    return int(run.sizes.get("replica", 0))


def members(run: xr.Dataset) -> str:
    """Return what the replicas of a dataset are: of the points of a sweep, runs."""
    return str(run.attrs.get("spread_over", "replicas"))


def spread(run: xr.Dataset, name: str) -> Spread:
    """Return the spread of a variable at each step, over the replicas that still run."""
    values = run[name].values
    if not replicas(run):
        single = drawable(values)
        return Spread(single, single, single)
    return of_replicas(values)


def of_replicas(values: NDArray[np.float64]) -> Spread:
    """Return the spread of values, shape (replicas, ...), over the first axis.

    It is NaN where fewer than half of the replicas are left: those few do not represent the
    ensemble, least of all once the others have diverged.
    """
    few = 2 * (~np.isnan(values)).sum(axis=0) < len(values)
    return Spread(*drawable(np.where(few, np.nan, quantiles(values, (BAND[0], 0.5, BAND[1])))))


def draw_values(axes: Axes, steps: NDArray[Any], shown: Spread, color: str, **looks: Any) -> None:
    """Draw a spread against steps. The scale of the y axis must have been chosen before."""
    if shown.low is not shown.high and len(steps):
        low, visible = shown.low, None
        if axes.get_yscale() == "log":
            # A band that reaches down to 0 would take up the whole plot.
            medians = shown.middle[shown.middle > 0]
            low = np.maximum(low, medians.min(initial=np.inf) / 10)
            visible = shown.high > low
        style: dict[str, Any] = {"color": color, "alpha": BAND_ALPHA, "linewidth": 0, "zorder": 2}
        # Files simplify curves, but no areas.
        at = np.unique(np.linspace(0, len(steps) - 1, MOST_OF_BAND).round().astype(int))
        where = None if visible is None else visible[at]
        axes.fill_between(np.asarray(steps)[at], low[at], shown.high[at], where=where, **style)
    curve(axes, steps, shown.middle, color=color, **looks)


def normalized(run: xr.Dataset, name: str) -> list[tuple[float, Spread]]:
    """Return the finite normalised values at the ends of stages and of the run, with their steps.

    Steps of an ensemble are medians. :func:`normalized_along` returns the values along the run.
    """
    if not run.sizes.get("normalization", 0):
        return []
    steps = run["normalized_step"].values
    if replicas(run):
        steps = _median_steps(steps)
    ends = _normalizing_ends(run)
    return [
        (float(step), Spread(*values))
        for step, *values in zip(steps, *spread(run, f"normalized_{name}"), strict=True)
        if np.isfinite(values[1]) and (ends is None or step in ends)
    ]


def is_normalized(run: xr.Dataset) -> bool:
    """Return whether the end of a single run was normalised; a diverged end never is."""
    if not run.sizes.get("normalization", 0):
        return False
    return bool(run["normalized_step"].values[-1] == run["step"].values[-1])


def normalized_along(run: xr.Dataset, name: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return steps and normalised values along a run; empty if only its ends were normalised."""
    if not run.sizes.get("normalization", 0):
        return np.zeros(0, np.int64), np.zeros(0)
    kept = slice(None if _normalized_every(run) else 0)
    steps, values = (run[f"normalized_{key}"].values[..., kept] for key in ("step", name))
    return steps, values


def _normalized_every(run: xr.Dataset) -> int:
    """Return ``output.normalized_every``; 0 means that only ends are normalised."""
    return int(spec_table_of(run).get("output", {}).get("normalized_every", 0))


def _normalizing_ends(run: xr.Dataset) -> set[int] | None:
    """Return the last steps of the stages that normalise, and of the run; None if all rows are."""
    if not _normalized_every(run):
        return None
    stages = spec_table_of(run)["stage"]
    last = len(stages) - 1
    ends = enumerate(run["stage_end"].values.tolist())
    return {end for i, end in ends if i == last or "normalize_level" in stages[i]}


def stage_ends(run: xr.Dataset) -> list[float]:
    """Return the last step of each stage except the last; medians for an ensemble."""
    if "stage_end" not in run:
        return []
    ends = run["stage_end"].values
    if replicas(run):
        ends = _median_steps(ends)
    return [float(end) for end in ends[:-1] if end >= 0]


def _median_steps(steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return medians over replicas; negative steps, which mark missing values, are left out."""
    medians: NDArray[np.float64] = quantiles(np.where(steps < 0, np.nan, steps), (0.5,))[0]
    return medians


def status_note(run: xr.Dataset) -> str:
    """Return the status of a run in parentheses, or "" if the run and all replicas completed."""
    status = run.attrs["status"]
    if status != "complete" or not replicas(run):
        return "" if status == "complete" else f" ({status})"
    found = run["replica_status"].values.tolist()
    return f" ({found.count('diverged')} of {len(found)} diverged)" if "diverged" in found else ""
