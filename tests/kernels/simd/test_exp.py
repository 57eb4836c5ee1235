"""The exponential that vectorises, beside NumPy's."""

import numba
import numpy as np
import pytest

from scbsim.kernels.simd.exp import exponential_of


@numba.njit
def _all(x, y):
    for i in range(x.size):
        y[i] = exponential_of(x[i])


@pytest.mark.parametrize(("dtype", "least"), [("float32", -87.0), ("float64", -708.0)])
def test_values(dtype, least):
    x = np.concatenate([np.linspace(least, 0, 100_001), -np.logspace(-20, 0, 1000), [0.0]])
    x = x.astype(dtype)
    y = np.empty_like(x)
    _all(x, y)
    right = np.exp(x.astype(np.longdouble))
    assert (np.abs(y - right) <= 3 * np.finfo(dtype).eps * right).all()
    assert y[-1] == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_far_below_it_is_zero(dtype):
    x = np.array([-800, -1e30, -np.inf], dtype)
    y = np.ones_like(x)
    _all(x, y)
    assert not y.any()
