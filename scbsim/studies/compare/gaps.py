"""How far the medians under Gaussian noise are from those of real batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES, OBSERVABLES
from scbsim.plotting.bands import BAND, Spread, of_replicas
from scbsim.studies.compare.models import BATCH, GAUSSIAN, MODELS
from scbsim.trajectory.views import spec_table_of

if TYPE_CHECKING:
    import xarray as xr

BOUNDED: Final = 0.1
"""A median that stays above this share of its largest value is bounded away from 0."""

PAIRS: Final = 200
SHARE: Final = 0.95
_ROWS: Final = 400  # of a run, that the chance gaps are taken over


class Gap(NamedTuple):
    """Largest and mean gap over a run, and the step of the largest."""

    largest: float
    mean: float
    at: int


def steps_of(batch: xr.Dataset) -> NDArray[np.int64]:
    """Return the recorded steps that runs are compared at: until half of the real ones have ended.

    Stages may end by a signal, sooner in some replicas than in others; the last are no measure.
    """
    every = spec_table_of(batch)["output"]["every"]
    there = ~np.isnan(batch[NAMES[0]].transpose("replica", "step").values)
    steps = batch["step"].values
    ends = steps[there.shape[1] - 1 - np.argmax(there[:, ::-1], axis=1)]
    kept = (steps <= np.median(ends)) & (steps % every == 0)
    return np.asarray(steps[kept])


def held(run: xr.Dataset, steps: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Return the observables of an ensemble at some steps, each (R, n).

    A replica that is complete stays where it ended, whatever others still do: the median at a step
    is that of all replicas, not of those that were late. One that diverged is NaN from there on.
    """
    aligned = run.reindex(step=steps)
    complete = run["replica_status"].values == "complete"
    found = {}
    for name in NAMES:
        values = aligned[name].transpose("replica", "step").values.copy()
        last = values.shape[1] - 1 - np.argmax(~np.isnan(values)[:, ::-1], axis=1)
        after = (np.arange(values.shape[1]) > last[:, None]) & complete[:, None]
        found[name] = np.where(after, values[np.arange(len(values)), last][:, None], values)
    return found


def scale_of(median: NDArray[np.float64]) -> tuple[str, NDArray[np.float64]]:
    """Return what a gap is relative to, in a word and at each step.

    ``median``, that of the real batches at the same step, where it is bounded away from 0 over the
    run; else ``range``, its largest less its smallest over the run.
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
    """Return the gap of two medians, over the steps at which there are both; NaN if there is none.

    Parameters
    ----------
    median, other, scale : (n,) float64
    steps : (n,) int64
    """
    off = np.abs(other - median)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Nothing off is no gap, though there be nothing to compare it with.
        gaps = np.where(off == 0, 0.0, off / scale)
    there = np.isfinite(median) & np.isfinite(other)
    if not there.any():
        return Gap(np.nan, np.nan, -1)
    at = int(np.argmax(np.where(there, gaps, -1.0)))
    return Gap(float(gaps[at]), float(gaps[there].mean()), int(steps[at]))


def comparison(runs: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Compare the runs of all models.

    Parameters
    ----------
    runs : mapping of str to xarray.Dataset
        Ensembles by the names of `MODELS`.

    Returns
    -------
    xarray.Dataset
        Each observable along ``model``, ``quantile`` and ``step``; ``largest_gap``, ``mean_gap``,
        ``step_of_largest`` and ``width`` along ``gaussian`` and ``observable``; along
        ``observable`` alone ``relative_to`` and the gaps that chance makes.
    """
    import xarray

    steps = steps_of(runs[BATCH])
    values = {model: held(runs[model], steps) for model in MODELS}
    spreads = {
        model: {name: of_replicas(values[model][name]) for name in NAMES} for model in MODELS
    }
    tables: dict[str, list[list[float]]] = {name: [] for name in TABLES}
    words, chances = [], []
    for name in NAMES:
        real = spreads[BATCH][name]
        word, scale = scale_of(real.middle)
        words.append(word)
        chances.append(chance(values[BATCH][name], scale, steps))
        found = [gap(real.middle, spreads[g][name].middle, scale, steps) for g in GAUSSIAN]
        widths = [_width(real, spreads[g][name]) for g in GAUSSIAN]
        for table, row in zip(TABLES, (*zip(*found, strict=True), widths), strict=True):
            tables[table].append(list(row))
    along = ("model", "quantile", "step")
    variables: dict[str, Any] = {
        o.name: (along, np.array([spreads[m][o.name] for m in MODELS]), {"long_name": o.long_name})
        for o in OBSERVABLES
    }
    variables |= {
        table: (("gaussian", "observable"), np.array(tables[table]).T, {"long_name": said})
        for table, said in TABLES.items()
    }
    return xarray.Dataset(
        variables
        | {
            "relative_to": ("observable", words),
            "chance_largest": ("observable", [each[0] for each in chances]),
            "chance_mean": ("observable", [each[1] for each in chances]),
        },
        coords={
            "model": list(MODELS),
            "quantile": [BAND[0], 0.5, BAND[1]],
            "step": steps,
            "gaussian": list(GAUSSIAN),
            "observable": list(NAMES),
        },
    )


TABLES: Final = {
    "largest_gap": "largest gap of the medians over the run",
    "mean_gap": "mean gap of the medians over the run",
    "step_of_largest": "step of the largest gap",
    "width": "width of the band, over that of real batches, each a mean over the run",
}


def _width(real: Spread, other: Spread) -> float:
    """Return how wide a band is beside that of real batches."""
    widths = np.array([each.high - each.low for each in (real, other)])
    there = np.isfinite(widths).all(axis=0)
    of_real, of_other = widths[:, there].sum(axis=1)
    return float(of_other / of_real) if of_real > 0 else np.nan


def chance(
    values: NDArray[np.float64], scale: NDArray[np.float64], steps: NDArray[np.int64]
) -> tuple[float, float]:
    """Return the gaps, largest and mean, that one in twenty pairs of ensembles exceeds.

    By bootstrap: an ensemble is replicas drawn with replacement from those that there are.

    Parameters
    ----------
    values : (R, n) float64
    scale : (n,) float64
    steps : (n,) int64
    """
    rows = np.unique(np.linspace(0, len(steps) - 1, min(_ROWS, len(steps))).astype(int))
    values, scale, steps = values[:, rows], scale[rows], steps[rows]
    rng, R = np.random.default_rng(0), len(values)

    def median() -> NDArray[np.float64]:
        return of_replicas(values[rng.integers(R, size=R)]).middle

    pairs = np.array([gap(median(), median(), scale, steps)[:2] for _ in range(PAIRS)])
    largest, mean = np.nanquantile(pairs, SHARE, axis=0)
    return float(largest), float(mean)
