"""The boundary of learning: where a share of the runs recovers, and how that line grows with x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

LEAST_COLUMNS = 3
"""A slope is fitted if at least this many columns have a boundary."""


def probability(diagram: xr.Dataset, rule: str) -> Array:
    """Return the share of runs that recovered, (y, x); NaN where a point is not done."""
    of_rule = diagram.sel(rule=rule)
    replicas = of_rule["replicas"].values
    share = np.full(replicas.shape, np.nan)
    np.divide(of_rule["recovered"].values, replicas, out=share, where=replicas > 0)
    return share


def scale_of(diagram: xr.Dataset, name: str) -> str:
    """Return ``log`` or ``linear``: the scale of an axis, and of interpolation along it."""
    axis = diagram[name]
    values = axis.values.astype(float)
    wide = axis.attrs["spacing"] == "list" and values[0] > 0 and values[-1] >= 30 * values[0]
    return "log" if axis.attrs["spacing"] == "log" or wide else "linear"


def boundary(share: Array, y: Array, level: float = 0.5, *, log: bool) -> Array:
    """Return where each column of ``share``, (ny, nx), crosses a level: y of shape (nx,).

    It is interpolated between points, in the logarithm of y if ``log``. It is NaN for a column that
    does not cross on the grid, that crosses and returns, or that is not done. If noise makes a
    column cross back and forth, it is the middle of the first and last crossing.
    """
    place = np.log(y) if log else np.asarray(y, float)
    found = np.full(share.shape[1], np.nan)
    for j, column in enumerate(share.T):
        above = column >= level
        at = np.flatnonzero(above[1:] != above[:-1])
        if np.isnan(column).any() or len(at) % 2 == 0:
            continue
        ends = [_crossing(column, place, i, level) for i in (at[0], at[-1])]
        found[j] = 0.5 * sum(ends)
    return np.exp(found) if log else found


def _crossing(column: Array, place: Array, i: int, level: float) -> float:
    part = (level - column[i]) / (column[i + 1] - column[i])
    return float(place[i] + part * (place[i + 1] - place[i]))


@dataclass(frozen=True)
class Growth:
    """A boundary, and the power of x with which it grows.

    Attributes
    ----------
    rule : str
    y : (nx,) float64
        The boundary in each column; NaN where the grid has none.
    columns : int
        Number of columns that have one.
    slope, error : float
        Of ``log y`` against ``log x`` by least squares; NaN if an axis is not logarithmic or too
        few columns have a boundary. The standard error combines the scatter about the line with
        the unknown position of its two ends within their cells.
    width : float
        Median over columns of the factor (on a linear axis, the distance) from the 10% to the
        90% line; NaN if no column has both.
    diverged : int
        Number of runs that diverged.
    """

    rule: str
    y: Array
    columns: int
    slope: float
    error: float
    width: float
    diverged: int


def growth(diagram: xr.Dataset, rule: str) -> Growth:
    """Return the boundary of a rule and how it grows."""
    share = probability(diagram, rule)
    x, y = (diagram[name].values.astype(float) for name in ("x", "y"))
    log = scale_of(diagram, "y") == "log"
    half = boundary(share, y, log=log)
    slope = error = np.nan
    found = np.isfinite(half)
    if log and scale_of(diagram, "x") == "log" and found.sum() >= LEAST_COLUMNS:
        slope, error = _fit(np.log(x[found]), np.log(half[found]))
        cell = float(np.median(np.diff(np.log(y))))
        error = float(np.hypot(error, cell / np.sqrt(6.0) / np.ptp(np.log(x[found]))))
    low, high = (boundary(share, y, level, log=log) for level in (0.1, 0.9))
    widths = high / low if log else high - low
    widths = widths[np.isfinite(widths)]
    return Growth(
        rule=rule,
        y=half,
        columns=int(found.sum()),
        slope=slope,
        error=error,
        width=float(np.median(widths)) if widths.size else np.nan,
        diverged=int(diagram["diverged"].sel(rule=rule).sum()),
    )


def _fit(x: Array, y: Array) -> tuple[float, float]:
    """Return the slope of the least-squares line, and its standard error."""
    off = x - x.mean()
    slope = float(off @ y / (off @ off))
    left = y - y.mean() - slope * off
    return slope, float(np.sqrt(left @ left / (len(x) - 2) / (off @ off)))
