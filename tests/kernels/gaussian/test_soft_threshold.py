"""Soft thresholding, by its definition and by what it minimises."""

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbsim.kernels.gaussian.rules import soft

numbers = st.floats(-1e300, 1e300)
levels = st.floats(0, 1e300)


@numba.njit
def _soft(x, threshold):
    return soft(x, threshold)


@settings(deadline=None, max_examples=300)
@given(x=numbers, threshold=levels)
def test_definition(x, threshold):
    assert _soft(x, threshold) == math.copysign(max(abs(x) - threshold, 0.0), x)


@settings(deadline=None)
@given(x=numbers, y=numbers, threshold=levels)
def test_odd_and_never_expanding(x, y, threshold):
    assert _soft(-x, threshold) == -_soft(x, threshold)
    assert abs(_soft(x, threshold) - _soft(y, threshold)) <= abs(x - y) * (1 + 1e-15)


@pytest.mark.parametrize("x", [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, math.nextafter(1.0, 0.0)])
def test_exactly_zero_within_the_level(x):
    assert _soft(x, 1.0) == 0.0


def test_just_past_the_level():
    past = math.nextafter(1.0, 2.0)
    assert _soft(past, 1.0) == past - 1.0 > 0.0
    assert _soft(-past, 1.0) == 1.0 - past


def test_level_zero_changes_nothing():
    for x in (-3.25, -0.0, 0.0, 1e-300, 7.5, math.inf):
        assert _soft(x, 0.0) == x


def test_what_is_not_finite_stays_seen():
    assert math.isnan(_soft(math.nan, 1.0))
    assert _soft(math.inf, 1.0) == math.inf
    assert _soft(-math.inf, 1.0) == -math.inf


def test_float32_stays_float32():
    x, threshold = np.float32(1.1), np.float32(0.4)
    assert _soft(x, threshold) == np.float32(x - threshold)
    assert _soft(x, threshold) != float(x) - float(threshold)
