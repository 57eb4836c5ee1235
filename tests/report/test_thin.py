import numpy as np
import pytest

from scbsim.errors import InputError
from scbsim.report.thin import MOST_NUMBERS, MOST_ROWS, rows_allowed, thinned


def test_short_curves_stay_as_they_are():
    steps, values = np.arange(10), np.arange(20.0).reshape(2, 10)
    kept_steps, kept = thinned(steps, values, 10)
    assert kept_steps is steps
    assert kept is values


def test_no_peak_is_lost_and_the_ends_stay():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((5, 1003))
    for row, at in enumerate((1, 17, 500, 1000, 1001)):
        values[row, at] = 100.0
        values[row, at - 1] = -100.0
    steps, kept = thinned(np.arange(1003), values, 60)
    assert kept.shape == (5, len(steps))
    assert 50 < len(steps) <= 60
    assert (np.diff(steps) >= 0).all()
    assert (steps[0], steps[-1]) == (0, 1002)
    np.testing.assert_array_equal(kept[:, [0, -1]], values[:, [0, -1]])
    np.testing.assert_array_equal(kept.max(axis=1), values.max(axis=1))
    np.testing.assert_array_equal(kept.min(axis=1), values.min(axis=1))
    for row, at in enumerate((1, 17, 500, 1000, 1001)):
        assert abs(steps[kept[row].argmax()] - at) < 1003 / 25
        assert kept[row].argmin() < kept[row].argmax()
    assert set(kept.ravel()) <= set(values.ravel())


def test_curves_that_end_and_steps_of_their_own():
    values = np.tile(np.arange(100.0), (2, 1))
    values[1, 40:] = np.nan
    steps = np.stack([np.arange(100.0), 2 * np.arange(100.0)])
    kept_steps, kept = thinned(steps, values, 20)
    assert kept_steps.shape == kept.shape
    np.testing.assert_array_equal(kept_steps[1], 2 * kept_steps[0])
    assert np.nanmax(kept[1]) == 39
    assert np.isnan(kept[1, kept_steps[0] > 45]).all()


def test_how_many_rows_fit():
    assert rows_allowed(2, 5) == MOST_ROWS
    assert rows_allowed(1000, 9) == MOST_NUMBERS // 9000
    with pytest.raises(InputError, match=r"only=\.\.\. takes fewer"):
        rows_allowed(100_000, 9)
