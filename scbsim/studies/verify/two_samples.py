"""Two-sample tests whose p-values hold for any number of runs and any law."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DIGITS = 7
"""Decimals of standardised numbers that are compared; later ones may be rounding errors."""


def kolmogorov_smirnov(x: Array, y: Array) -> tuple[Array, Array]:
    """Return Kolmogorov-Smirnov distances of the columns of two samples (runs, m), and p-values.

    The p-values are those of the limit law. For samples of equal size they are not below the exact
    ones where these are small.
    """
    from scipy.special import kolmogorov

    runs = len(x)
    distance = np.empty(x.shape[1])
    for j, both in enumerate(np.concatenate([x, y]).T):
        order = np.argsort(both)
        ahead = np.cumsum(np.where(order < runs, 1, -1))
        ordered = both[order]
        # Between two equal numbers the order says nothing.
        last = np.append(ordered[1:] != ordered[:-1], True)
        distance[j] = np.abs(ahead[last]).max() / runs
    return distance, np.asarray(kolmogorov(np.sqrt(runs / 2.0) * distance))


def paired_means(x: Array, y: Array) -> tuple[Array, Array]:
    """Return the mean differences in units of their standard deviations, and p-values.

    Row i of one sample is paired with row i of the other. If both have the same law, each
    difference is as likely to be d as -d, so Hoeffding's bound for sums of random signs gives
    ``p <= 2 exp(-z^2/2)`` for any number of rows and any law, heavy tails included.
    """
    off = x - y
    length = np.sqrt(np.square(off).sum(axis=0))
    z = np.divide(off.sum(axis=0), length, out=np.zeros(off.shape[1]), where=length > 0)
    return z, np.minimum(1.0, 2.0 * np.exp(-0.5 * z * z))


def standardised(x: Array, y: Array) -> tuple[Array, Array]:
    """Return both samples minus their common mean, divided by their common standard deviation.

    Exchanging rows between the samples changes neither, so both tests remain valid. Columns must
    not be constant.
    """
    both = np.concatenate([x, y])
    mean, deviation = both.mean(axis=0), both.std(axis=0)
    return np.round((x - mean) / deviation, DIGITS), np.round((y - mean) / deviation, DIGITS)
