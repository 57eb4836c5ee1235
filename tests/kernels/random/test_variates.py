"""Single variates from a lane, against SciPy's laws."""

import numba
import numpy as np
import pytest
from scipy import stats

from scbsim.kernels.random.variates import (
    _log_ratio,
    chi_square,
    exponential,
    first_attempt,
    lane_at,
    two_normals,
    uniform,
)

MANY = 200_000
P_FLOOR = 1e-8
ERRORS = 6.0


@numba.njit
def _chi_squares(freedom, out, counter, key):
    for i in range(out.size):
        out[i], _ = chi_square(freedom, lane_at(i, counter, key))


@numba.njit
def _singles(out, counter, key):
    """Uniforms, exponentials and two normals, each from a lane of its own and one after another."""
    for i in range(out.shape[1]):
        lane = lane_at(i, counter, key)
        out[0, i], lane = uniform(lane)
        out[1, i], lane = exponential(lane)
        out[2, i], out[3, i], lane = two_normals(lane)


@numba.njit
def _log_ratios(y, d, out):
    for i in range(y.size):
        v = (1.0 + y[i]) ** 3
        out[i] = _log_ratio(y[i] * np.sqrt(9.0 * d), y[i], v, d)


@pytest.fixture(scope="module")
def chi_squares(counter, key):
    def draw(freedom, many=MANY, **address):
        out = np.empty(many)
        _chi_squares(float(freedom), out, counter(purpose=5, **address), key())
        return out

    return draw


@pytest.mark.parametrize("freedom", [1, 2, 3, 10, 1000, 1e6])
def test_chi_square(chi_squares, freedom):
    x = chi_squares(freedom)
    assert stats.kstest(x, stats.chi2(freedom).cdf).pvalue > P_FLOOR
    error = np.sqrt(2 * freedom / MANY)
    assert abs(x.mean() - freedom) < ERRORS * error


@numba.njit
def _attempts(freedom, normals, out):
    for i in range(out.size):
        out[i] = first_attempt(freedom, normals[i, 0], normals[i, 1], normals[i, 2])


@pytest.mark.parametrize("freedom", [2, 3, 10, 1000, 1e15])
def test_attempts_at_a_chi_square(freedom):
    out = np.empty(MANY)
    normals = np.random.default_rng(4).normal(size=(MANY, 3))
    _attempts(float(freedom), normals, out)
    taken = out[out >= 0.0]
    assert taken.size > (0.94 if freedom < 10 else 0.98) * MANY
    if freedom < 1e9:
        assert stats.kstest(taken, stats.chi2(freedom).cdf).pvalue > P_FLOOR
        assert stats.kstest(taken, stats.chi2(1.1 * freedom).cdf).pvalue < P_FLOOR
    else:
        assert stats.kstest((taken - freedom) / np.sqrt(2 * freedom), "norm").pvalue > P_FLOOR


@pytest.mark.parametrize("freedom", [1e9, 1e15])
def test_chi_square_of_huge_freedom_is_normal(chi_squares, freedom):
    """The skewness is 9e-5 at the most: far below what the sample could tell."""
    z = (chi_squares(freedom) - freedom) / np.sqrt(2 * freedom)
    assert stats.kstest(z, "norm").pvalue > P_FLOOR


@pytest.mark.parametrize("freedom", [0, -1])
def test_no_freedom_gives_nothing(chi_squares, freedom):
    assert (chi_squares(freedom, 100) == 0).all()


def test_the_law_of_chi_square_would_be_noticed_with_a_degree_more(chi_squares):
    assert stats.kstest(chi_squares(1000), stats.chi2(1001).cdf).pvalue < P_FLOOR


@pytest.mark.parametrize("d", [1.7, 5e5, 5e14])
def test_the_logarithm_of_the_ratio_has_its_digits(d):
    """Against the same in 80 bits, of which the cancelling leaves some."""
    y = np.concatenate([np.linspace(-0.5, 0.5, 401), [0.0299999, 0.0300001, 1e-6 / np.sqrt(d)]])
    out = np.empty(y.size)
    _log_ratios(y, d, out)
    wide = y.astype(np.longdouble)
    v = (1 + wide) ** 3
    right = 4.5 * d * wide**2 + d * (1 - v + 3 * np.log1p(wide))
    within = np.where(np.abs(wide) > 0.03, 2e-15 * d, 2e-11 * np.abs(right) + 2e-17 * d)
    assert (np.abs(out - right) <= within).all()


@pytest.fixture(scope="module")
def singles(counter, key):
    out = np.empty((4, MANY))
    _singles(out, counter(purpose=6), key())
    return out


def test_single_variates(singles):
    for values, law in zip(singles, ("uniform", "expon", "norm", "norm"), strict=True):
        assert stats.kstest(values, law).pvalue > P_FLOOR


def test_variates_of_a_lane_are_unrelated(singles):
    for form in (lambda x: x, lambda x: stats.rankdata(x) * (stats.rankdata(x) - MANY)):
        related = np.corrcoef([form(values) for values in singles])
        assert np.abs(related[np.triu_indices(4, 1)]).max() < ERRORS / np.sqrt(MANY)


def test_an_exponential_is_exact_however_small(counter, key):
    out = np.empty((4, MANY))
    _singles(out, counter(purpose=6, step=9), key())
    least = np.sort(out[1])[:1000] * MANY
    # The spacings of the least of many exponentials are exponentials again.
    gaps = np.diff(least, prepend=0.0) * (1 - np.arange(1000) / MANY)
    assert stats.kstest(gaps, "expon").pvalue > P_FLOOR
