import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scbsim.util.quantiles import medians, quantiles

VALUES = st.one_of(st.just(np.nan), st.floats(-1e3, 1e3))


@given(arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 5)), elements=VALUES))
def test_they_are_those_of_numpy(values):
    shares = (0.0, 0.1, 0.5, 0.9, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = np.nanquantile(values, shares, axis=0)
    np.testing.assert_allclose(quantiles(values, shares), expected, rtol=1e-12, atol=1e-9)


def test_one_value_is_itself():
    for value in (0.1, np.inf, -np.inf, np.nan):
        np.testing.assert_array_equal(medians([[value]]), [value])


@pytest.mark.filterwarnings("error")
def test_infinities_do_not_warn():
    assert medians([np.inf, np.inf, 1.0]) == np.inf
    assert medians([np.inf, 1.0, 1.0, -np.inf]) == 1.0
    assert medians([np.inf, np.inf]) == np.inf


def test_of_no_values_at_all_nothing_is_known():
    assert np.isnan(quantiles(np.empty((0, 3)), (0.1, 0.5))).all()
    assert quantiles(np.empty((0, 3)), (0.1, 0.5)).shape == (2, 3)
    assert np.isnan(medians([]))
