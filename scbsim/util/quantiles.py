"""Quantiles over replicas without NaN, the value of replicas that have ended."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def quantiles(values: ArrayLike, shares: Sequence[float]) -> NDArray[np.float64]:
    """Return quantiles over the first axis without NaN, by linear interpolation.

    ``shares`` are from 0 to 1. The result is (len(shares), ...) float64, with NaN where all values
    are NaN.
    """
    # numpy.nanquantile loops over columns in Python if a value is NaN.
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
        # Infinities have no difference.
        with np.errstate(invalid="ignore"):
            mixed = below + part * (above - below)
        found.append(np.where((part == 0.0) | (below == above), below, mixed))
    return np.array(found)


def medians(values: ArrayLike) -> NDArray[np.float64]:
    """Return medians over the first axis without NaN."""
    return np.asarray(quantiles(values, (0.5,))[0])
