import numpy as np
import pytest

from scbsim.studies.boundary.slopes import Slope, local_slopes, middle, slope

X = np.array([1e3, 1e5, 1e7, 1e9])


def test_slope_and_error_of_powers_that_differ_by_seed():
    powers = [0.9, 1.0, 1.1]
    y = np.array([2.0 * X**p for p in powers])
    found = slope(X, y)
    assert found.value == pytest.approx(1.0)
    assert found.error == pytest.approx(0.1 / 3**0.5)
    assert found.seeds == 3
    np.testing.assert_allclose(middle(y), 2.0 * X)
    np.testing.assert_allclose(local_slopes(X, y), 1.0)


def test_points_off_the_range_are_left_out():
    y = np.array([X, np.where(X > 1e8, np.nan, 4 * X), [np.nan, 1.0, np.nan, 5.0]])
    found = slope(X, y)
    assert (found.value, found.seeds) == (pytest.approx(1.0), 2)
    assert middle(y)[0] == pytest.approx(2e3)
    assert np.isnan(slope(X, np.full((2, 4), np.nan)).value)
    assert np.isnan(middle(np.full((2, 4), np.nan))).all()


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (0.9635, 0.0087, ("0.964", "0.009")),
        (0.87587, 0.014, ("0.88", "0.01")),
        (0.075564, 6.7e-5, ("0.0756", "0.0001")),
        (0.07978, 0.00093, ("0.0798", "0.0009")),
        (1.0007, 0.0128, ("1.00", "0.01")),
        (0.5, 0.3, ("0.50", "0.30")),
        (0.5, np.nan, ("0.500", "")),
        (np.nan, np.nan, ("unknown", "")),
    ],
)
def test_a_slope_has_as_many_digits_as_its_error_leaves(value, error, words):
    assert Slope(value, error, 3).in_digits() == words
