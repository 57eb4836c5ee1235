"""Sums by token in tables of 16."""

import numpy as np
import pytest

from scbsim.kernels.compile.jit import kernel
from scbsim.kernels.simd.intrinsics import add_to_tables


@kernel
def add(tables, x, a, fours):
    add_to_tables(tables, x, a, fours)


@pytest.mark.parametrize("real", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_each_entry_goes_to_its_token_in_tables_in_turn(real, kind):
    rng = np.random.default_rng(3)
    x, a = rng.integers(16, size=103).astype(kind), rng.normal(size=103).astype(real)
    tables = rng.normal(size=64).astype(real)
    expected = tables.copy()
    for i in range(100):
        expected[16 * (i % 4) + x[i]] += a[i]
    add(tables, x, a, np.uint64(25))
    np.testing.assert_array_equal(tables, expected)
