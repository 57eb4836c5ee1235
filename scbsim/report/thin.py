"""Thinning long curves: of each stretch of rows the smallest and the largest value are kept."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import InputError
from scbsim.util.arguments import given

Array = NDArray[Any]

MOST_NUMBERS: Final = 840_000
"""Numbers of all curves in a page, which so stays under 6 MB."""

MOST_ROWS: Final = 5_000
LEAST_ROWS: Final = 20
"""Rows of a curve."""


def rows_allowed(curves: int, observables: int) -> int:
    """Return how many rows of each curve fit into a page.

    Raises
    ------
    InputError
        If even `LEAST_ROWS` do not.
    """
    rows = MOST_NUMBERS // max(1, curves * observables)
    if rows < LEAST_ROWS:
        most = MOST_NUMBERS // LEAST_ROWS
        raise InputError(
            f"{curves} curves of {observables} observables are too many for one page, which takes "
            f"{most} together: {given('only')} takes fewer observables, or report fewer runs"
        )
    return min(rows, MOST_ROWS)


def thinned(steps: Array, values: Array, most: int) -> tuple[Array, Array]:
    """Return at most ``most`` rows of some curves.

    The first and the last row stay. The rows between are cut into stretches of equal length. Of
    each its smallest and its largest value are kept, in the order in which they come, and shown at
    its first and its last step. So no peak is lost, and none moves by more than a stretch.

    Parameters
    ----------
    steps : (n,) or (R, n)
        Of all curves, or of each.
    values : (R, n)
        NaN where there is none.
    most : int
        At least 4.
    """
    n = values.shape[1]
    if n <= most:
        return steps, values
    stretches = (most - 2) // 2
    edges = np.linspace(1, n - 1, stretches + 1).astype(np.int64)
    kept = np.empty((len(values), 2 * stretches + 2))
    kept[:, 0], kept[:, -1] = values[:, 0], values[:, -1]
    each = np.arange(len(values))
    for i, (first, end) in enumerate(pairwise(edges)):
        part = values[:, first:end]
        low = np.argmin(np.where(np.isnan(part), np.inf, part), axis=1)
        high = np.argmax(np.where(np.isnan(part), -np.inf, part), axis=1)
        kept[:, 2 * i + 1] = part[each, np.minimum(low, high)]
        kept[:, 2 * i + 2] = part[each, np.maximum(low, high)]
    ends = np.stack([edges[:-1], edges[1:] - 1], axis=1).ravel()
    return steps[..., np.concatenate([[0], ends, [n - 1]])], kept
