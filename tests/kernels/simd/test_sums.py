"""The pairwise sum: its order, its error, and that it is the sum."""

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from scbsim.kernels.simd.sums import pairwise_sum

LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 100, 511, 512, 513, 1000, 2049]


@numba.njit
def _sum(x):
    return pairwise_sum(x)


def by_halves(x):
    """The same order of additions, one at a time."""
    x = list(x)
    while len(x) > 1:
        half = (len(x) + 1) // 2
        for i, high in enumerate(x[half:]):
            x[i] = x[i] + high
        del x[half:]
    return x[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", LENGTHS)
def test_the_order_is_that_of_the_length_alone(dtype, n):
    x = np.random.default_rng(n).normal(size=n).astype(dtype)
    assert _sum(x.copy()) == by_halves(x)


def test_every_entry_is_summed_once():
    for n in LENGTHS:
        for i in range(n):
            x = np.zeros(n)
            x[i] = 1.0
            assert _sum(x) == 1.0


@settings(deadline=None)
@given(
    npst.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.integers(1, 600),
        elements=st.floats(-(2.0**60), 2.0**60, width=32),
    )
)
def test_the_error_grows_with_the_logarithm(x):
    depth = math.ceil(math.log2(x.size)) if x.size > 1 else 0
    unit = np.finfo(x.dtype).eps / 2
    bound = 1.01 * depth * unit * math.fsum(np.abs(x.astype(np.float64)))
    # Below the smallest normal number an addition is exact.
    assert abs(float(_sum(x.copy())) - math.fsum(x.astype(np.float64))) <= bound
