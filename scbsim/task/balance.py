"""Transition matrices that keep a given token distribution, by scaling and then rounding.

docs/model.md, section 1, says why both are needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOST_ROUNDS = 1000
ROUNDS_PER_CHECK = 20
BALANCED = 1e-14
"""Scaling stops once the error of every column sum is below this."""


def balance(X: Array, mu: Array) -> Array:
    """Scale and round a positive matrix, (N, N), so that its columns sum to 1 and it keeps `mu`.

    Sinkhorn's alternating row and column scalings come first. On sharp draws their error falls only
    like one over the number of rounds, so they need not converge: rounding
    (:func:`round_to_stationary`) removes the rest exactly. The result is at least 0, with
    ``1' P = 1'`` and ``P mu = mu`` to rounding.
    """
    P = X
    for _ in range(MOST_ROUNDS // ROUNDS_PER_CHECK):
        # Scalings are applied to the matrix regularly; on sharp draws they would overflow.
        rows = np.ones_like(mu)
        for _ in range(ROUNDS_PER_CHECK):
            columns = 1.0 / _left(rows, P)
            rows = mu / _right(P, columns * mu)
        P = rows[:, None] * P * columns
        if np.abs(P.sum(axis=0) - 1.0).max() < BALANCED:
            break
    return round_to_stationary(P, mu)


def round_to_stationary(P: Array, mu: Array) -> Array:
    """Return a column-stochastic matrix, (N, N), that keeps `mu` and is near `P`, at least 0.

    The rounding step for transport polytopes of Altschuler, Weed and Rigollet (2017), in terms of
    ``P`` rather than of the coupling ``P diag(mu)``: columns that sum to more than 1 are scaled
    down, then rows that carry more than `mu`. A matrix of rank one with nonnegative entries adds
    the missing mass. At most twice the misplaced mass is moved.
    """
    P = P / np.maximum(P.sum(axis=0), 1.0)
    carried = np.maximum(_right(P, mu), np.finfo(np.float64).tiny)
    P *= np.minimum(mu / carried, 1.0)[:, None]
    missing_rows = np.maximum(mu - _right(P, mu), 0.0)
    missing_columns = np.maximum(1.0 - P.sum(axis=0), 0.0)
    total = missing_rows.sum()
    if total > 0.0:
        P += np.outer(missing_rows / total, missing_columns)
    return np.asarray(P / P.sum(axis=0))


# einsum instead of BLAS: the order of its sums does not depend on the number of threads.
def _right(P: Array, x: Array) -> Array:
    return np.asarray(np.einsum("nm,m->n", P, x))


def _left(x: Array, P: Array) -> Array:
    return np.asarray(np.einsum("n,nm->m", x, P))
