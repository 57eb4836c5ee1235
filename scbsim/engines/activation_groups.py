"""The groups of columns whose activations are drawn together in a stage."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from scbsim.kernels.gaussian.activations import ActivationRates
from scbsim.kernels.gaussian.rules import RULES

Array = NDArray[np.float64]

# A group draws at most so many candidates for each expected activation, and so many more a step.
_MOST_CANDIDATES_PER_ACTIVATION = 2.0
_SPARE_CANDIDATES = 0.25


def activation_probability(threshold: Array, sigma: Array) -> Array:
    """Return ``2 Phi(-lam_k / sigma_k)``, (N,): 0 where there is no noise."""
    from scipy.special import ndtr

    # An overflow gives infinity, and p = 0.
    with np.errstate(over="ignore", invalid="ignore"):
        cut = np.divide(threshold, sigma, out=np.full_like(threshold, np.inf), where=sigma > 0)
    return np.asarray(2.0 * ndtr(-cut))


def activation_rates(
    rule: str, threshold: Array, sigma: Array, rate_A: float, T: int
) -> ActivationRates:
    """Return the law of activations at some noise levels.

    Columns are sorted by probability. A group grows as long as drawing all its columns at the
    largest probability costs little. So there is one group if levels are equal or activations rare,
    and otherwise a group for about each halving of the probability.

    Parameters
    ----------
    rule : str
    threshold, sigma : (N,) float64
        l1 threshold and noise level of each column.
    rate_A : float
    T : int
        Length of the context.
    """
    # These may overflow in columns with p = 0, where they are not read.
    with np.errstate(over="ignore", invalid="ignore"):
        cut = np.divide(threshold, sigma, out=np.zeros_like(threshold), where=sigma > 0)
        slope = 0.5 * (cut + np.sqrt(cut * cut + 4.0))
        above, scale = cut - slope, rate_A * sigma
    p = activation_probability(threshold, sigma) if rate_A > 0 else np.zeros_like(threshold)
    by_size = np.argsort(-p, kind="stable")
    by_size = by_size[p[by_size] > 0]
    starts = _starts(p[by_size] * T)
    columns, rates, spares = [], [], []
    for begin, end in pairwise([*starts, len(by_size)]):
        group = np.sort(by_size[begin:end])
        most = p[by_size[begin]]
        columns.append(group)
        rates.append(-np.log1p(-most) if most < 1 else np.inf)
        spares.append(np.log(most) - np.log(p[group]))
    return ActivationRates(
        rule=RULES[rule],
        columns=np.concatenate(columns, dtype=np.int64) if columns else np.empty(0, np.int64),
        first=np.array([*starts, len(by_size)], np.int64),
        rate=np.array(rates, np.float64),
        spare=np.concatenate(spares, dtype=np.float64) if spares else np.empty(0),
        above=above,
        shrink=1.0 / slope,
        scale=scale,
    )


def _starts(expected: Array) -> list[int]:
    """Return where groups begin, given the columns' expected activations in falling order."""
    starts: list[int] = []
    total = 0.0
    for i, here in enumerate(expected.tolist()):
        total += here
        candidates = (i + 1 - starts[-1]) * expected[starts[-1]] if starts else np.inf
        if candidates > _MOST_CANDIDATES_PER_ACTIVATION * total + _SPARE_CANDIDATES:
            starts.append(i)
            total = here
    return starts
