"""The curves of all runs of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scbsim.errors import OutputError
from scbsim.observables import FINISHED
from scbsim.plotting import bands, style
from scbsim.plotting.overview import panel_of
from scbsim.report.curves import Array, Curves, Panel, logarithmic, observables_of
from scbsim.storage.collection import MEANING
from scbsim.util.text import printable, share_of

if TYPE_CHECKING:
    import xarray as xr


def of_collection(runs: xr.Dataset, only: Sequence[str] = ()) -> Curves:
    """Return a curve for each finished run of a sweep, and the keys that vary.

    Raises
    ------
    InputError
        If an observable of ``only`` is not there.
    OutputError
        If no run is finished.
    """
    codes = runs["status"].values
    along = [str(name) for name in runs["status"].dims]
    finished = np.isin(codes.ravel(), FINISHED)
    if not finished.any():
        raise OutputError("no run of the sweep is finished, so there is nothing to report yet")
    keys = {key: _values(runs, key, along, finished) for key in _keys(runs, along)}
    if len(set(codes.ravel()[finished].tolist())) > 1:
        keys["status"] = [MEANING[code] for code in codes.ravel()[finished].tolist()]
    panels = []
    for name in observables_of(runs, only):
        title, _, allowed = panel_of(name, {"": runs})
        values = _by_run(runs, name, along)[finished]
        panels.append(
            Panel(name, title, logarithmic(values, allowed), _steps(runs, along, finished), values)
        )
    notes = []
    if left := int((~finished).sum()):
        notes.append(f"{share_of(left, len(finished), 'run')} not finished, and not shown.")
    if size := runs.sizes.get("replica", 0):
        notes.append(f"Each curve is the median over the replicas of a run, up to {size}.")
    varied = {key: values for key, values in keys.items() if len(set(values)) > 1}
    told = [key for key in varied if key != "status"]
    labels = [
        ", ".join(f"{key}={keys[key][i]}" for key in told) or f"run {i}"
        for i in range(int(finished.sum()))
    ]
    return Curves(labels=labels, keys=varied, panels=panels, notes=notes)


def _keys(runs: xr.Dataset, along: Sequence[str]) -> list[str]:
    """Return the keys that vary: the dimensions, and what goes together along one."""
    found = []
    for name, values in runs.coords.items():
        if values.dims and set(values.dims) <= set(along) and str(name) != "zip":
            found.append(str(name))
    # The order is that of the dimensions.
    return sorted(found, key=lambda key: along.index(str(runs[key].dims[0])))


def _values(runs: xr.Dataset, key: str, along: Sequence[str], finished: Array) -> list[Any]:
    whole = runs[key].broadcast_like(runs["status"]).transpose(*along).values.ravel()[finished]
    return [printable(each) if isinstance(each, str) else each for each in whole.tolist()]


def _row(runs: xr.Dataset) -> str:
    return "step" if "step" in runs.dims else "row"


def _by_run(runs: xr.Dataset, name: str, along: Sequence[str]) -> Array:
    """Return an observable, (runs, rows); the median over replicas if there are some."""
    replica = ["replica"] if "replica" in runs[name].dims else []
    values = runs[name].transpose(*replica, *along, _row(runs)).values
    if replica:
        # A run without replicas fills the first one.
        alone = np.isnan(values[1:]).all(axis=0)
        values = np.where(alone, values[0], bands.of_replicas(values).middle)
    return style.drawable(values).reshape(-1, values.shape[-1])


def _steps(runs: xr.Dataset, along: Sequence[str], finished: Array) -> Array:
    if _row(runs) == "step":
        return np.asarray(runs["step"].values)
    steps = runs["step"].transpose(*along, "row").values.astype(np.float64)
    steps = steps.reshape(-1, steps.shape[-1])[finished]
    # Rows beyond the last one of a run are no steps.
    return np.where(steps < 0, np.nan, steps)
