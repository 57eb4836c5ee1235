"""Transition matrices that keep a given token distribution: scaling, then rounding.

docs/model.md, section 1, says why both are needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOST_ROUNDS = 1000
ROUNDS_BETWEEN_LOOKS = 20
BALANCED = 1e-14
"""Largest error of a column's sum at which scaling stops."""


def balance(X: Array, mu: Array) -> Array:
    """Scale and round a positive matrix so that its columns sum to 1 and it keeps `mu`.

    Sinkhorn's alternation of row and column scalings comes first. On sharp draws it stalls: its
    error then falls like one over the number of rounds. So it only has to come near; the rounding
    step (:func:`round_to_stationary`) closes what is left, exactly.

    Parameters
    ----------
    X : numpy.ndarray
        (N, N), positive.
    mu : numpy.ndarray
        (N,), positive, sums to 1.

    Returns
    -------
    numpy.ndarray
        (N, N), at least 0, with ``1' P = 1'`` and ``P mu = mu`` to rounding.
    """
    P = X
    for _ in range(MOST_ROUNDS // ROUNDS_BETWEEN_LOOKS):
        # The scalings are taken into the matrix now and then, or sharp draws would overflow them.
        rows = np.ones_like(mu)
        for _ in range(ROUNDS_BETWEEN_LOOKS):
            columns = 1.0 / _left(rows, P)
            rows = mu / _right(P, columns * mu)
        P = rows[:, None] * P * columns
        if np.abs(P.sum(axis=0) - 1.0).max() < BALANCED:
            break
    return round_to_stationary(P, mu)


def round_to_stationary(P: Array, mu: Array) -> Array:
    """Nearby column-stochastic matrix that keeps `mu`.

    The rounding step for transport polytopes of Altschuler, Weed and Rigollet (2017), in terms of
    ``P`` rather than of the coupling ``P diag(mu)``: columns that sum to more than 1 are scaled
    down, then rows that carry more than `mu`; what is now missing is given back by one matrix of
    rank one and nonnegative entries. It moves at most twice the mass that was misplaced.

    Parameters
    ----------
    P : numpy.ndarray
        (N, N), at least 0.
    mu : numpy.ndarray
        (N,), positive, sums to 1.

    Returns
    -------
    numpy.ndarray
        (N, N), at least 0.
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


# einsum and not BLAS: its sums have one order, whatever the number of threads.
def _right(P: Array, x: Array) -> Array:
    return np.asarray(np.einsum("nm,m->n", P, x))


def _left(x: Array, P: Array) -> Array:
    return np.asarray(np.einsum("n,nm->m", x, P))
