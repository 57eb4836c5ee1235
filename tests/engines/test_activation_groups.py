"""Groups of columns: who is in which, and at what cost."""

import numpy as np
import pytest
from scipy import stats

from scbsim.engines.activation_groups import activation_probability, activation_rates

RULE = "prox"
LEVELS = {
    "even": (np.full(6, 2.0), np.ones(6), 1000),
    "rare": (np.linspace(5.0, 7.0, 6), np.ones(6), 1000),
    "uneven": (np.linspace(0.5, 4.0, 30), np.ones(30), 1000),
    "some without noise": (np.full(4, 1.0), np.array([0.0, 1.0, 0.0, 2.0]), 100),
    "no threshold": (np.zeros(3), np.array([1.0, 2.0, 3.0]), 50),
    "out of reach": (np.array([1.0, 60.0]), np.ones(2), 50),
}


def groups_of(rates):
    return [
        rates.columns[begin:end]
        for begin, end in zip(rates.first[:-1], rates.first[1:], strict=True)
    ]


@pytest.mark.parametrize("name", LEVELS)
def test_each_column_that_can_have_activations_is_in_one_group(name):
    threshold, sigma, T = LEVELS[name]
    rates = activation_rates(RULE, threshold, sigma, 0.1, T)
    p = activation_probability(threshold, sigma)
    np.testing.assert_array_equal(np.sort(rates.columns), np.flatnonzero(p > 0))
    assert all((np.diff(group) > 0).all() for group in groups_of(rates))
    assert len(rates.rate) == len(rates.first) - 1


@pytest.mark.parametrize("name", LEVELS)
def test_rate_and_spare_make_the_probability(name):
    threshold, sigma, T = LEVELS[name]
    rates = activation_rates(RULE, threshold, sigma, 0.1, T)
    most = np.repeat(-np.expm1(-rates.rate), np.diff(rates.first))
    cut = threshold[rates.columns] / sigma[rates.columns]
    np.testing.assert_allclose(most * np.exp(-rates.spare), 2 * stats.norm.sf(cut), rtol=1e-12)
    assert (rates.spare >= 0).all()


@pytest.mark.parametrize("name", LEVELS)
def test_little_is_drawn_in_vain(name):
    threshold, sigma, T = LEVELS[name]
    rates = activation_rates(RULE, threshold, sigma, 0.1, T)
    p = activation_probability(threshold, sigma)
    for group, rate in zip(groups_of(rates), rates.rate, strict=True):
        candidates = -np.expm1(-rate) * T * len(group)
        assert candidates <= 2.0 * p[group].sum() * T + 0.25 + 1e-9


def test_like_columns_are_one_group_and_unlike_ones_few():
    assert len(activation_rates(RULE, *LEVELS["even"][:2], 0.1, 1000).rate) == 1
    assert len(activation_rates(RULE, *LEVELS["rare"][:2], 0.1, 1000).rate) == 1
    assert 1 < len(activation_rates(RULE, *LEVELS["uneven"][:2], 0.1, 1000).rate) < 12


def test_the_slope_is_robert_s():
    rates = activation_rates(RULE, np.array([0.0, 1.0, 12.0]), np.ones(3), 0.3, 100)
    slope = 1.0 / rates.shrink
    cut = rates.above + slope
    np.testing.assert_allclose(cut, [0.0, 1.0, 12.0], atol=1e-14)
    np.testing.assert_allclose(slope * (slope - cut), 1.0, rtol=1e-12)
    np.testing.assert_allclose(rates.scale, 0.3)


@pytest.mark.parametrize(("sigma", "rate"), [(0.0, 0.1), (1.0, 0.0)])
def test_without_noise_or_rate_there_are_none(sigma, rate):
    rates = activation_rates(RULE, np.ones(3), np.full(3, sigma), rate, 100)
    assert rates.columns.size == rates.rate.size == rates.spare.size == 0
    assert rates.first.tolist() == [0]


@pytest.mark.parametrize(("threshold", "sigma"), [(1e300, 1e-3), (1e3, 1e-300), (1e300, 1e-300)])
def test_what_is_out_of_reach_of_floats_is_no_activation_and_no_warning(threshold, sigma):
    rates = activation_rates(RULE, np.array([threshold, 1.0]), np.array([sigma, 1.0]), 0.1, 100)
    assert rates.columns.tolist() == [1]
    assert np.isfinite([rates.above[1], rates.shrink[1], rates.scale[1]]).all()
