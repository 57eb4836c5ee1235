"""An isotropic step of a vector known by its signal and the length of its rest."""

import numba
import numpy as np
import pytest
from scipy import stats

from scbsim.kernels.gaussian.isotropic import step_component

MANY = 20_000
P_FLOOR = 1e-8
FACTORS = (0.7, 0.4, 0.3)


@numba.njit
def _steps(known, target, factors, out, c1, c3, key):
    """Take the same step at many addresses."""
    for i in range(len(out)):
        out[i, 0], out[i, 1], _ = step_component(
            known, target, factors, (c1, np.uint64(i), c3), key
        )


@pytest.fixture(scope="module")
def steps(counter, key):
    def take(known, target, factors=FACTORS, many=MANY):
        c1, _, c3 = counter(purpose=6)
        out = np.empty((many, 2))
        _steps(known, target, factors, out, c1, c3, key())
        return out

    return take


def in_full(known, target, factors, seed=1):
    """The step of the vector itself, in coordinates whose first is the target's."""
    (alpha, rest), (K, D), (keep, pull, amplitude) = known, target, factors
    x = np.zeros((MANY, int(D)))
    first = 1 if K > 0 else 0
    if first:
        x[:, 0] = alpha * np.sqrt(K)
    if rest > 0:
        x[:, first] = np.sqrt(rest)
    x = keep * x + amplitude * np.random.default_rng(seed).normal(size=x.shape)
    if not first:
        return np.stack([np.zeros(MANY), (x**2).sum(axis=1)], axis=1)
    return np.stack([x[:, 0] / np.sqrt(K) + pull, (x[:, 1:] ** 2).sum(axis=1)], axis=1)


CASES = [
    (D, K, rest)
    for D in (1, 2, 3, 12)
    for K in (0.0, 0.5)
    for rest in (0.0, 0.8)
    if not (D == 1 and K > 0 and rest > 0)
]


@pytest.mark.parametrize(("D", "K", "rest"), CASES)
def test_the_law_is_that_of_the_vector(steps, D, K, rest):
    known, target = (0.6 if K > 0 else 0.0, rest), (K, float(D))
    ours, theirs = steps(known, target), in_full(known, target, FACTORS)
    forms = [lambda x: x[:, 0], lambda x: x[:, 1], lambda x: x[:, 0] * x[:, 1]]
    for form in forms:
        if np.ptp(form(theirs)) == 0:
            np.testing.assert_array_equal(form(ours), form(theirs))
        else:
            assert stats.ks_2samp(form(ours), form(theirs)).pvalue > P_FLOOR


def test_one_dimension_more_would_be_noticed(steps):
    ours, theirs = steps((0.6, 0.8), (0.5, 13.0)), in_full((0.6, 0.8), (0.5, 12.0), FACTORS)
    assert stats.ks_2samp(ours[:, 1], theirs[:, 1]).pvalue < P_FLOOR


@pytest.mark.parametrize("K", [0.0, 0.5])
def test_without_noise_it_is_the_formula(steps, K):
    keep, pull, _ = FACTORS
    out = steps((0.6 if K > 0 else 0.0, 0.8), (K, 9.0), (keep, pull, 0.0), many=3)
    np.testing.assert_allclose(out[:, 0], keep * 0.6 + pull if K > 0 else 0.0, rtol=1e-15)
    np.testing.assert_allclose(out[:, 1], keep**2 * 0.8, rtol=1e-15)
