"""The runs of one kind in a figure: one run, or several that differ in their noise alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from scbsim.plotting.bands import Spread, is_normalized, of_replicas
from scbsim.plotting.style import drawable

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    Members = xr.Dataset | Sequence[xr.Dataset]

OutcomeOf = TypeVar("OutcomeOf")


def members(runs: Members) -> Sequence[xr.Dataset]:
    """Return the runs of one kind; a dataset stands for itself alone."""
    import xarray as xr

    return (runs,) if isinstance(runs, xr.Dataset) else runs


def spread(
    runs: Members, name: str, change: Callable[[Any], Any] = lambda values: values
) -> tuple[NDArray[np.int64], Spread]:
    """Return the steps and the spread of an observable, changed by a function, over the runs.

    Runs that end sooner are left out of the steps that they do not have. Of a single run all
    quantiles are its values.
    """
    import xarray as xr

    each = [change(run[name]) for run in members(runs)]
    if len(each) == 1:
        values = drawable(each[0].values)
        return each[0]["step"].values, Spread(values, values, values)
    together = xr.concat(each, dim="replica", join="outer").transpose("replica", "step")
    return together["step"].values, of_replicas(together.values)


def normalized_spread(runs: Members, name: str) -> tuple[NDArray[np.float64], Spread]:
    """Return steps and spread of the normalised values of an observable along the runs.

    Copies of runs whose first stages differ in length are normalised at different steps after it:
    values are interpolated to the steps of the first run.
    """
    each = [
        (run["normalized_step"].values, run[f"normalized_{name}"].values) for run in members(runs)
    ]
    steps = each[0][0]
    if len(each) == 1:
        values = drawable(each[0][1])
        return steps, Spread(values, values, values)
    along = [np.interp(steps, *one, left=np.nan, right=np.nan) for one in each]
    return steps, of_replicas(np.array(along))


def normalized_end(runs: Members, name: str) -> tuple[float, Spread] | None:
    """Return the median step and the spread of the normalised ends; None if no run has one."""
    ends = [
        (float(run["normalized_step"].values[-1]), float(run[f"normalized_{name}"].values[-1]))
        for run in members(runs)
        if is_normalized(run)
    ]
    ends = [end for end in ends if np.isfinite(end[1])]
    if not ends:
        return None
    values = np.array([[value] for _, value in ends])
    return float(np.median([step for step, _ in ends])), of_replicas(values)


def medians(outcomes: Sequence[OutcomeOf]) -> OutcomeOf:
    """Return a result whose numbers are medians over those of several runs.

    Runs that lack a number are left out. Whole numbers become the lower of two middle ones.
    """
    first = outcomes[0]
    if len(outcomes) == 1:
        return first
    found = {}
    for name in (field.name for field in fields(first)):  # type: ignore[arg-type]
        values = [getattr(each, name) for each in outcomes]
        found[name] = values[0]
        if isinstance(values[0], float):
            there = [value for value in values if np.isfinite(value)]
            found[name] = float(np.median(there)) if there else float("nan")
        elif isinstance(values[0], int):
            found[name] = sorted(values)[(len(values) - 1) // 2]
    return type(first)(**found)
