"""Gaps between the medians under models of noise and on real batches."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES, OBSERVABLES
from scbsim.plotting.bands import BAND, Spread, of_replicas
from scbsim.studies.compare.models import BATCH
from scbsim.trajectory.views import spec_table_of

if TYPE_CHECKING:
    import xarray as xr

BOUNDED: Final = 0.1
"""A median is bounded away from 0 if it stays above this share of its largest value."""

PAIRS: Final = 200
SHARE: Final = 0.95
"""`chance` draws this many pairs of ensembles, and returns this quantile of what they differ by."""

_ROWS: Final = 400  # `chance` uses at most this many rows of a run


class Gap(NamedTuple):
    """Largest and mean gap over a run, and the step of the largest."""

    largest: float
    mean: float
    at: int


def steps_of(batch: xr.Dataset) -> NDArray[np.int64]:
    """Return the recorded steps up to the median end of the replicas on real batches.

    A stage may end by a signal, sooner in some replicas than in others, so later steps have too few
    replicas to compare.
    """
    every = spec_table_of(batch)["output"]["every"]
    steps = batch["step"].values
    ends = steps[_last_rows(batch[NAMES[0]].transpose("replica", "step").values)]
    kept = (steps <= np.median(ends)) & (steps % every == 0)
    return np.asarray(steps[kept])


def _last_rows(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the last column that is not NaN, for each row."""
    return np.asarray(values.shape[1] - 1 - np.argmax(~np.isnan(values)[:, ::-1], axis=1))


def held(run: xr.Dataset, steps: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Return the observables of an ensemble at some steps, each of shape (R, n).

    A complete replica keeps its last value, so that each median is over all replicas and not only
    over the late ones. A diverged replica is NaN from its end on.
    """
    aligned = run.reindex(step=steps)
    complete = run["replica_status"].values == "complete"
    found = {}
    for name in NAMES:
        values = aligned[name].transpose("replica", "step").values.copy()
        last = _last_rows(values)
        after = (np.arange(values.shape[1]) > last[:, None]) & complete[:, None]
        found[name] = np.where(after, values[np.arange(len(values)), last][:, None], values)
    return found


def scale_of(median: NDArray[np.float64]) -> tuple[str, NDArray[np.float64]]:
    """Return what gaps are relative to: a word, and the value at each step.

    ``median`` is the median of the real batches at the same step, if it is bounded away from 0 over
    the run. Otherwise ``range``: its largest minus its smallest value over the run.
    """
    sizes = np.abs(median[np.isfinite(median)])
    if sizes.size and sizes.min() > BOUNDED * sizes.max():
        return "median", np.abs(median)
    return "range", np.full(median.shape, np.ptp(median[np.isfinite(median)]) if sizes.size else 0)


def gap(
    median: NDArray[np.float64],
    other: NDArray[np.float64],
    scale: NDArray[np.float64],
    steps: NDArray[np.int64],
) -> Gap:
    """Return the gap of two medians, over the steps at which both are finite; NaN without any.

    All arrays have shape (n,).
    """
    off = np.abs(other - median)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Equal medians have no gap, even if the scale is 0.
        gaps = np.where(off == 0, 0.0, off / scale)
    finite = np.isfinite(median) & np.isfinite(other)
    if not finite.any():
        return Gap(np.nan, np.nan, -1)
    at = int(np.argmax(np.where(finite, gaps, -1.0)))
    return Gap(float(gaps[at]), float(gaps[finite].mean()), int(steps[at]))


def comparison(runs: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Compare the runs of all models.

    Parameters
    ----------
    runs : mapping of str to xarray.Dataset
        An ensemble on real batches, and one for each model of their noise.

    Returns
    -------
    xarray.Dataset
        Each observable along ``model``, ``quantile`` and ``step``; ``largest_gap``, ``mean_gap``,
        ``step_of_largest`` and ``width`` along ``gaussian`` and ``observable``; ``relative_to``,
        ``chance_largest``, ``chance_mean`` and ``chance_width`` along ``observable``.
    """
    import xarray

    steps, models = steps_of(runs[BATCH]), [model for model in runs if model != BATCH]
    values = {model: held(runs[model], steps) for model in runs}
    spreads = {model: {name: of_replicas(values[model][name]) for name in NAMES} for model in runs}
    words, gaps, chances = [], [], []
    for name in NAMES:
        real = spreads[BATCH][name]
        word, scale = scale_of(real.middle)
        words.append(word)
        chances.append(chance(values[BATCH][name], scale, steps))
        others = [spreads[model][name] for model in models]
        gaps.append([(*gap(real.middle, o.middle, scale, steps), _width(real, o)) for o in others])
    along = ("model", "quantile", "step")
    variables: dict[str, Any] = {
        o.name: (along, np.array([spreads[m][o.name] for m in runs]), {"long_name": o.long_name})
        for o in OBSERVABLES
    }
    for i, (table, long_name) in enumerate(TABLES.items()):
        column = np.array([[each[i] for each in row] for row in gaps]).T
        variables[table] = (("gaussian", "observable"), column, {"long_name": long_name})
    variables["relative_to"] = ("observable", words)
    for i, table in enumerate(("chance_largest", "chance_mean", "chance_width")):
        variables[table] = ("observable", [each[i] for each in chances])
    coords = {
        "model": list(runs),
        "quantile": [BAND[0], 0.5, BAND[1]],
        "step": steps,
        "gaussian": models,
        "observable": list(NAMES),
    }
    return xarray.Dataset(variables, coords)


TABLES: Final = {
    "largest_gap": "largest gap of the medians over the run",
    "mean_gap": "mean gap of the medians over the run",
    "step_of_largest": "step of the largest gap",
    "width": "width of the band, over that of real batches, each a mean over the run",
}


def _width(real: Spread, other: Spread) -> float:
    """Return the width of a band relative to that of real batches."""
    widths = np.array([each.high - each.low for each in (real, other)])
    there = np.isfinite(widths).all(axis=0)
    of_real, of_other = widths[:, there].sum(axis=1)
    return float(of_other / of_real) if of_real > 0 else np.nan


def chance(
    values: NDArray[np.float64], scale: NDArray[np.float64], steps: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Return what one in twenty pairs of equal ensembles exceeds.

    Of the largest gap, of the mean gap, and of the ratio of the widths of their bands, the wider by
    the narrower. This is a bootstrap: each ensemble is drawn with replacement from the replicas in
    ``values``, of shape (R, n). ``scale`` and ``steps`` have shape (n,).
    """
    rows = np.unique(np.linspace(0, len(steps) - 1, min(_ROWS, len(steps))).astype(int))
    values, scale, steps = values[:, rows], scale[rows], steps[rows]
    rng, R = np.random.default_rng(0), len(values)

    def drawn() -> Spread:
        return of_replicas(values[rng.integers(R, size=R)])

    def differences(one: Spread, other: Spread) -> tuple[float, float, float]:
        largest, mean, _ = gap(one.middle, other.middle, scale, steps)
        ratio = _width(one, other)
        return largest, mean, max(ratio, 1.0 / ratio) if ratio > 0 else np.nan

    pairs = np.array([differences(drawn(), drawn()) for _ in range(PAIRS)])
    with warnings.catch_warnings():
        # A value that all replicas share has no width.
        warnings.filterwarnings("ignore", "All-NaN slice")
        largest, mean, width = np.nanquantile(pairs, SHARE, axis=0)
    return float(largest), float(mean), float(width)
