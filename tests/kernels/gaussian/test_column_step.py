"""Which blocks are known to be near zero."""

import numba
import numpy as np
import pytest

from scbsim.kernels.gaussian.column_step import ColumnStep, is_block_near_zero, near_zeros


@numba.njit
def _is_block_near_zero(step, s, squares):
    nearest, _ = near_zeros(step.curve, step, s)
    return is_block_near_zero(nearest.curve, squares), nearest.curve.limit


def known(curve, squares, dtype):
    real = np.dtype(dtype).type
    numbers = ColumnStep(real(0), real(1), real(0), tuple(map(real, curve)))
    return _is_block_near_zero(numbers, np.zeros(1, dtype), float(squares))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_known_if_the_sum_of_squares_says_so(dtype):
    for curve in (1.0, 1e3, 0.0), (1.0, 0.0, 1e6), (1.0, -20.0, 1e5):
        _, limit = known(curve, 0, dtype)
        square = float(limit) ** 2
        assert known(curve, 0.998 * square, dtype)[0]
        for squares in (0.9995 * square, np.inf, np.nan, 0.0):
            assert not known(curve, squares, dtype)[0]
    # Squares of float32 are 0 below 1e-45, so a sum may lack what counts at such limits.
    _, limit = known((1.0, 1e17, 0.0), 0, dtype)
    assert not known((1.0, 1e17, 0.0), 1e-3 * float(limit) ** 2, dtype)[0]
    # Where zeros have no noise there is no limit.
    assert not known((0.0, 1e3, 0.0), 1e-12, dtype)[0]


def test_products_that_overflow_are_not_used():
    numbers = ColumnStep(
        *(np.float32(x) for x in (0, 1e10, 0)), tuple(map(np.float32, (1, 0, 1e35)))
    )
    _, limit = _is_block_near_zero(numbers, np.zeros(1, np.float32), 1.0)
    assert limit == -1
