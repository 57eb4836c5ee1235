"""What is drawn of a run: its own values, or the median and a band of those of an ensemble."""

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


class Spread(NamedTuple):
    """Values, and between what most replicas are; of a single run the three are the same."""

    low: NDArray[np.float64]
    middle: NDArray[np.float64]
    high: NDArray[np.float64]


def replicas(run: xr.Dataset) -> int:
    """Return how many replicas a dataset has, or 0 if it is that of a single run."""
    return int(run.sizes.get("replica", 0))


def spread(run: xr.Dataset, name: str) -> Spread:
    """Return what is drawn of a variable: at each step of the replicas that have not ended."""
    values = run[name].values
    if not replicas(run):
        alone = drawable(values)
        return Spread(alone, alone, alone)
    return of_replicas(values)


def of_replicas(values: NDArray[np.float64]) -> Spread:
    """Return the median and the band of values whose first axis is that of replicas.

    Nothing where fewer than half are left: what those few do says little of the ensemble, least of
    all once others have diverged.
    """
    few = 2 * (~np.isnan(values)).sum(axis=0) < len(values)
    return Spread(*drawable(np.where(few, np.nan, quantiles(values, (BAND[0], 0.5, BAND[1])))))


def draw_spread(axes: Axes, run: xr.Dataset, name: str, color: str, **looks: Any) -> None:
    """Draw a variable against steps, once the scale of the axes is chosen."""
    draw_values(axes, run["step"].values, spread(run, name), color, **looks)


def draw_values(
    axes: Axes, steps: NDArray[np.int64], shown: Spread, color: str, **looks: Any
) -> None:
    """Draw values against steps, and a band where they have one."""
    if shown.low is not shown.high:
        low = shown.low
        if axes.get_yscale() == "log":
            # What reaches down to 0 would take the whole picture.
            medians = shown.middle[shown.middle > 0]
            low = np.maximum(low, medians.min(initial=np.inf) / 10)
        axes.fill_between(
            steps,
            low,
            shown.high,
            where=shown.high > low if axes.get_yscale() == "log" else None,
            color=color,
            alpha=BAND_ALPHA,
            linewidth=0,
            zorder=2,
        )
    curve(axes, steps, shown.middle, color=color, **looks)


def normalized(run: xr.Dataset, name: str) -> list[tuple[float, Spread]]:
    """Return each normalised value that can be drawn, with its step; of an ensemble, medians.

    Those of the ends of stages and of the run; :func:`normalized_along` has those on the way.
    """
    if not run.sizes.get("normalization", 0):
        return []
    found = spread(run, f"normalized_{name}")
    steps = run["normalized_step"].values
    if replicas(run):
        steps = quantiles(np.where(steps < 0, np.nan, steps), (0.5,))[0]
    ends = _normalizing_ends(run)
    return [
        (float(step), Spread(*values))
        for step, *values in zip(steps, *found, strict=True)
        if np.isfinite(values[1]) and (ends is None or step in ends)
    ]


def is_normalized(run: xr.Dataset) -> bool:
    """Return whether the end of a run was normalised: that of one that diverged was not."""
    if not run.sizes.get("normalization", 0):
        return False
    steps = run["normalized_step"].values
    return bool(steps[-1] == run["step"].values[-1])


def normalized_along(run: xr.Dataset, name: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the steps and values of the copies that were normalised along a run, if any were."""
    there = slice(None if _every(run) else 0)
    steps, values = (run[f"normalized_{of}"].values[..., there] for of in ("step", name))
    return steps, values


def _every(run: xr.Dataset) -> int:
    """Return the steps from one normalised copy to the next; 0 if only the end is normalised."""
    return int(spec_table_of(run).get("output", {}).get("normalized_every", 0))


def _normalizing_ends(run: xr.Dataset) -> set[int] | None:
    """Return where stages ended that normalise, and the run; None if all rows are of such ends."""
    if not _every(run):
        return None
    stages = spec_table_of(run)["stage"]
    ends = dict(enumerate(run["stage_end"].values.tolist()))
    last = len(stages) - 1
    return {end for i, end in ends.items() if i == last or "normalize_level" in stages[i]}


def stage_ends(run: xr.Dataset) -> list[float]:
    """Return where stages ended, but the last; of an ensemble, medians."""
    if "stage_end" not in run:
        return []
    ends = run["stage_end"].values
    if replicas(run):
        ends = quantiles(np.where(ends < 0, np.nan, ends), (0.5,))[0]
    return [float(end) for end in ends[:-1] if end >= 0]


def ended(run: xr.Dataset) -> str:
    """Say how a run ended, if not in being complete, and which replicas did otherwise."""
    status = run.attrs["status"]
    if status != "complete" or not replicas(run):
        return "" if status == "complete" else f" ({status})"
    found = run["replica_status"].values.tolist()
    return f" ({found.count('diverged')} of {len(found)} diverged)" if "diverged" in found else ""
