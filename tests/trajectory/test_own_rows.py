"""Rows of observables of one's own beside those that every run has."""

import numpy as np

from scbsim.trajectory.own_rows import aligned

NAN = np.nan


def test_values_are_put_at_their_steps_and_nan_is_elsewhere():
    steps, own = np.array([0, 4, 7, 8, 12]), np.array([0, 4, 8, 12])
    values = np.arange(8.0).reshape(4, 2)
    expected = [[0, 1], [2, 3], [NAN, NAN], [4, 5], [6, 7]]
    np.testing.assert_array_equal(aligned(steps, own, values), expected)


def test_values_without_a_row_are_left_out():
    """Of a file whose rows are older than its values, or whose first rows are lost."""
    own, values = np.array([0, 4, 8, 12]), np.arange(4.0)
    np.testing.assert_array_equal(aligned(np.array([0, 4]), own, values), [0, 1])
    np.testing.assert_array_equal(aligned(np.array([5, 8, 12]), own, values), [NAN, 2, 3])
    assert aligned(np.array([], int), own, values).shape == (0,)
    np.testing.assert_array_equal(aligned(np.array([0, 4]), own[:0], values[:0]), [NAN, NAN])
