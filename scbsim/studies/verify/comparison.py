"""Comparison of the joint law of observables over steps, of one contender with the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES
from scbsim.studies.verify.two_samples import kolmogorov_smirnov, paired_means, standardised

Array = NDArray[np.float64]

# The remaining observables are functions of these four.
_FREE = tuple(NAMES.index(name) for name in ("alpha_A", "alpha_V", "delta_A", "delta_V"))
_DIRECTIONS = 24


@dataclass(frozen=True)
class Tests:
    """Results of one kind of test.

    Attributes
    ----------
    count : int
        Number of tests.
    worst : float
        The statistic with the least p-value: the Kolmogorov-Smirnov distance D, or z.
    p : float
        The least p-value; 1 without any test.
    where : str
        What that test compared.
    """

    count: int = 0
    worst: float = 0.0
    p: float = 1.0
    where: str = ""


@dataclass(frozen=True)
class CaseComparison:
    """Results of a contender in a case.

    Attributes
    ----------
    case, contender : str
    margins : Tests
        Kolmogorov-Smirnov tests of each observable at each time.
    joint : Tests
        Kolmogorov-Smirnov tests of increments, of projections of all times together on fixed
        directions, and of products of these.
    means, variances, products : Tests
        Moments of each observable at each time, and of products of any two and of their squares.
    constant : int
        Number of observables that are constant, and equal in both samples.
    """

    case: str
    contender: str
    margins: Tests
    joint: Tests
    means: Tests
    variances: Tests
    products: Tests
    constant: int

    @property
    def tests(self) -> tuple[Tests, ...]:
        """The results of all kinds of test."""
        return (self.margins, self.joint, self.means, self.variances, self.products)

    @property
    def count(self) -> int:
        """Number of comparisons, including those of constants."""
        return sum(each.count for each in self.tests) + self.constant

    @property
    def worst(self) -> Tests:
        """The kind of test with the least p-value."""
        return min(self.tests, key=lambda each: each.p)


def compare(
    names: tuple[str, str],
    times: tuple[int | str, ...],
    truth: Array,
    other: Array,
    tolerance: float,
) -> CaseComparison:
    """Compare two samples of the same dynamics, of shape (runs, times, 9).

    ``names`` are those of the case and the contender. An observable is constant, and passes, if all
    runs of both samples agree within ``tolerance``.
    """
    runs = len(truth)
    labels = [f"{name} at {t}" for t in times for name in NAMES]
    x, y = (rows.reshape(runs, -1) for rows in (truth, other))
    both = np.concatenate([x, y])
    moves = ~(np.ptp(both, axis=0) <= tolerance * np.maximum(1.0, np.abs(both).max(axis=0)))
    free = np.zeros((len(times), len(NAMES)), bool)
    free[:, _FREE] = True
    main = (free.ravel() & moves)[moves]
    here = [label for label, kept in zip(labels, moves, strict=True) if kept]
    u, v = standardised(x[:, moves], y[:, moves])
    of_main = [label for label, kept in zip(here, main, strict=True) if kept]
    pairs, pair_names = _products(u[:, main], v[:, main], of_main)
    return CaseComparison(
        *names,
        margins=_tests(*kolmogorov_smirnov(u, v), here),
        joint=_joint(u[:, main], v[:, main]),
        means=_tests(*paired_means(u, v), here),
        variances=_tests(*paired_means(u * u, v * v), here),
        products=_tests(*paired_means(*pairs), pair_names),
        constant=int((~moves).sum()),
    )


def _tests(statistic: Array, p: Array, labels: list[str]) -> Tests:
    if not len(p):
        return Tests()
    worst = int(np.argmin(p))
    return Tests(len(p), float(statistic[worst]), float(p[worst]), labels[worst])


def _joint(u: Array, v: Array) -> Tests:
    """Compare functions of several observables, or of several times."""
    m = u.shape[1]
    if m < 2:
        return Tests()
    i, j = np.triu_indices(m, 1)
    # The directions are the same in every case and for every seed.
    a = np.random.default_rng(20).standard_normal((2, m, _DIRECTIONS))
    forms = [
        np.concatenate([w[:, j] - w[:, i], w @ a[0], (w @ a[0]) * (w @ a[1])], axis=1)
        for w in (u, v)
    ]
    labels = [f"difference {k}" for k in range(len(i))]
    labels += [f"{what} {k}" for what in ("projection", "product") for k in range(_DIRECTIONS)]
    return _tests(*kolmogorov_smirnov(forms[0], forms[1]), labels)


def _products(u: Array, v: Array, names: list[str]) -> tuple[tuple[Array, Array], list[str]]:
    """Return the products of any two columns and of their squares, in both samples."""
    i, j = np.triu_indices(u.shape[1], 1)
    products = [
        np.concatenate([w[:, i] * w[:, j], np.square(w[:, i] * w[:, j])], axis=1) for w in (u, v)
    ]
    labels = [f"{names[a]} and {names[b]}" for a, b in zip(i, j, strict=True)]
    return (products[0], products[1]), [*labels, *(f"squares of {label}" for label in labels)]
