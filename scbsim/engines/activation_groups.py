"""The groups of columns whose activations are drawn together in a stage."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from scbsim.kernels.gaussian.activations import ActivationRates
from scbsim.kernels.gaussian.schedule import RATIO
from scbsim.kernels.gaussian.state import StepParams
from scbsim.rules.loading import kernel_rule
from scbsim.spec.rules import rule_record

Array = NDArray[np.float64]

# A group draws at most so many candidates for each expected activation, and so many more a step.
_MOST_CANDIDATES_PER_ACTIVATION = 2.0
_SPARE_CANDIDATES = 0.25
_ROUNDING = 1e-9

_MOST_TOGETHER = 2**16
"""Candidates expected in a group; one with more is cut in parts, which threads draw apart."""


class Law(NamedTuple):
    """How far off a threshold is, and how often noise is beyond it."""

    cut: Array  # (N,): lam_k / sigma_k, 0 where there is no noise
    p: Array  # (N,): 2 Phi(-lam_k / sigma_k), 0 where there is no noise


def law_of(threshold: Array, sigma: Array) -> Law:
    """Return the law of activations of columns, at some thresholds and noise levels, (N,)."""
    from scipy.special import ndtr

    noisy = sigma > 0
    # An overflow gives infinity, and p = 0.
    with np.errstate(over="ignore", invalid="ignore"):
        cut = np.divide(threshold, sigma, out=np.zeros(len(threshold)), where=noisy)
    return Law(cut, 2.0 * ndtr(-cut) * noisy)


def activation_probability(threshold: Array, sigma: Array) -> Array:
    """Return ``2 Phi(-lam_k / sigma_k)``, (N,): 0 where there is no noise."""
    return law_of(threshold, sigma).p


def activation_rates(
    rule: str, threshold: Array, sigma: Array, rate_A: float, T: int, law: Law | None = None
) -> ActivationRates:
    """Return the law of activations at some noise levels.

    Columns are sorted by probability. A group grows as long as drawing all its columns at the
    largest probability costs little. So there is one group if levels are equal or activations rare,
    and otherwise a group for about each halving of the probability.

    Parameters
    ----------
    rule : str
        One that keeps zeros.
    threshold, sigma : (N,) float64
        l1 threshold and noise level of each column.
    rate_A : float
    T : int
        Length of the context.
    law : Law, optional
        Their :func:`law_of`, if the caller has it.
    """
    cut, p = law_of(threshold, sigma) if law is None else law
    if not rate_A > 0:
        p = np.zeros(len(p))
    # These may overflow in columns with p = 0, where they are not read.
    with np.errstate(over="ignore", invalid="ignore"):
        slope = 0.5 * (cut + np.sqrt(cut * cut + 4.0))
        # A function in Python gets gradients, from which it makes the values.
        above, scale = cut - slope, sigma if rule_record(rule).own else rate_A * sigma
    groups, rates, spares = [], [], []
    for group, of_group, most in _cut(_groups(p, T), p, T):
        groups.append(group)
        rates.append(-np.log1p(-most) if most < 1 else np.inf)
        spares.append(np.log(most) - np.log(of_group))
    return ActivationRates(
        rule=kernel_rule(rule),
        columns=_joined(groups, np.int64),
        first=np.array([0, *accumulate(map(len, groups))], np.int64),
        rate=np.array(rates, np.float64),
        spare=_joined(spares, np.float64),
        above=above,
        shrink=1.0 / slope,
        scale=scale,
    )


def calls_of(params: StepParams, steps: int) -> Iterator[tuple[int, float]]:
    """Yield for how many steps there is one law of activations, and its ratio of thresholds.

    The ratio is in units of the stage's thresholds and noise levels; see `schedule.RATIO`.
    """
    if not len(params.schedule) or not params.sigma_A.any():
        yield steps, 1.0
        return
    ratios = params.schedule[:, RATIO]
    edges = [0, *(np.flatnonzero(np.diff(ratios)) + 1).tolist(), steps]
    for begin, end in pairwise(edges):
        yield end - begin, float(ratios[begin])


def mean_of(law: Law, T: int) -> float:
    """Return the expected activations of a step, if all entries are at zero."""
    return float(T * law.p.sum())


def ascend(rates: ActivationRates) -> bool:
    """Return whether the columns of all groups ascend, so that activations are drawn in order."""
    columns = rates.columns
    return len(rates.rate) < 2 or bool((columns[1:] > columns[:-1]).all())


def _joined(parts: list[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Return one array of all parts."""
    if len(parts) == 1:
        return np.asarray(parts[0], dtype)
    return np.concatenate(parts, dtype=dtype) if parts else np.empty(0, dtype)


def _groups(p: Array, T: int) -> list[NDArray[np.intp]]:
    """Return the columns of each group, ascending."""
    there = np.flatnonzero(p > 0)
    expected = p[there] * T
    if len(there) == 0:
        return []
    # In falling order the mean falls, so if all fit into one group every part of them does. At the
    # bound itself rounding decides, and the sums below are those that count.
    if len(there) * expected.max() < (1.0 - _ROUNDING) * _bound(expected.sum()):
        return [there]
    by_size = there[np.argsort(-p[there], kind="stable")]
    starts = _starts(p[by_size] * T)
    return [np.sort(by_size[a:b]) for a, b in pairwise([*starts, len(by_size)])]


def _cut(
    groups: list[NDArray[np.intp]], p: Array, T: int
) -> Iterator[tuple[NDArray[np.intp], Array, Any]]:
    """Cut the groups of which more candidates are expected than are drawn together.

    Yields the columns of each part, their probabilities, and the largest of these.
    """
    for group in groups:
        of_group = p[group]
        most = of_group.max()
        parts = min(math.ceil(len(group) * T * most / _MOST_TOGETHER), len(group))
        if parts <= 1:
            yield group, of_group, most
            continue
        for part in np.array_split(group, parts):
            yield part, p[part], p[part].max()


def _bound(total: Array) -> Array:
    """Return how many candidates a group may draw for the activations expected of it."""
    return _MOST_CANDIDATES_PER_ACTIVATION * total + _SPARE_CANDIDATES


def _starts(expected: Array) -> list[int]:
    """Return where groups begin, given the columns' expected activations in falling order."""
    starts: list[int] = []
    begin, end = 0, len(expected)
    while begin < end:
        starts.append(begin)
        rest = expected[begin:]
        candidates = np.arange(1, len(rest) + 1) * rest[0]
        too_many = candidates > _bound(np.cumsum(rest))
        # The first column of a group is never too many.
        after = int(too_many.argmax())
        begin = begin + after if after else end
    return starts
