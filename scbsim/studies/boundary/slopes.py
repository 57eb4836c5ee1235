"""How a boundary grows along its curve: the power of x, with an error over seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

LEAST_POINTS = 3
"""A slope is fitted if a seed has at least this many points."""


class Slope(NamedTuple):
    """The slope of ``log y`` against ``log x``.

    Attributes
    ----------
    value : float
        Mean of the least-squares slopes of the seeds; NaN without any.
    error : float
        Its standard error, from the scatter of the seeds; NaN for fewer than two.
    seeds : int
        Seeds with enough points.
    """

    value: float
    error: float
    seeds: int

    def in_digits(self) -> tuple[str, str]:
        """Return value and error in as many decimals as the error asks for, two to four.

        An error that is not known is the empty string, and an unknown value is "unknown".
        """
        if np.isnan(self.value):
            return "unknown", ""
        if np.isnan(self.error):
            return f"{self.value:.3f}", ""
        places = 4
        while places > 2 and self.error >= 0.95 * 10.0 ** (1 - places):
            places -= 1
        return f"{self.value:.{places}f}", f"{self.error:.{places}f}"


def of_curve(found: xr.Dataset, c: int) -> tuple[Array, Array]:
    """Return x, (n,), and boundaries, (seeds, n), of curve ``c`` of a study.

    Curves with fewer points than others are filled with NaN, which is left out.
    """
    x = found["x"].values[c]
    there = np.isfinite(x)
    return x[there], found["boundary"].values[c][:, there]


def slope(x: Array, y: Array) -> Slope:
    """Return the slope of a boundary, ``x`` of shape (n,) and ``y`` (seeds, n), NaN if unknown."""
    found = []
    for of_seed in y:
        there = np.isfinite(of_seed)
        if there.sum() >= LEAST_POINTS:
            found.append(np.polyfit(np.log(x[there]), np.log(of_seed[there]), 1)[0])
    n = len(found)
    error = float(np.std(found, ddof=1) / n**0.5) if n > 1 else np.nan
    return Slope(float(np.mean(found)) if found else np.nan, error, n)


def middle(y: Array) -> Array:
    """Return the geometric mean over seeds, (n,), of those that have a boundary; else NaN."""
    with np.errstate(divide="ignore"):
        logs = np.log(y)
    there = np.isfinite(logs)
    counts = there.sum(axis=0)
    sums = np.where(there, logs, 0.0).sum(axis=0)
    means = np.full(y.shape[1], np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return np.asarray(np.exp(means))


def local_slopes(x: Array, y: Array) -> Array:
    """Return the slope between each two neighbouring points of :func:`middle`, (n - 1,)."""
    rises: Array = np.diff(np.log(middle(y))) / np.diff(np.log(x))
    return rises
