"""Quantiles over replicas, of those that are there: NaN is what a replica that has ended lacks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def quantiles(values: ArrayLike, shares: Sequence[float]) -> NDArray[np.float64]:
    """Return quantiles over the first axis, NaN left out, with linear interpolation.

    Parameters
    ----------
    values : (R, ...)
    shares : sequence of float
        From 0 to 1.

    Returns
    -------
    (len(shares), ...) float64
        NaN where there is no value at all.
    """
    # NumPy's own takes a Python loop over columns as soon as a value is missing.
    ordered = np.sort(np.asarray(values, np.float64), axis=0)
    if not len(ordered):
        return np.full((len(shares), *ordered.shape[1:]), np.nan)
    last = np.maximum((~np.isnan(ordered)).sum(axis=0, keepdims=True) - 1, 0)
    found = []
    for share in shares:
        at = share * last
        low = np.floor(at).astype(np.intp)
        below, above = (
            np.take_along_axis(ordered, i, axis=0)[0] for i in (low, np.minimum(low + 1, last))
        )
        part = (at - low)[0]
        # Not their difference: two infinities have none.
        with np.errstate(invalid="ignore"):
            mixed = below + part * (above - below)
        found.append(np.where((part == 0.0) | (below == above), below, mixed))
    return np.array(found)


def medians(values: ArrayLike) -> NDArray[np.float64]:
    """Return medians over the first axis, NaN left out."""
    return np.asarray(quantiles(values, (0.5,))[0])
