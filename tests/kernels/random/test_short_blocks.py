"""Normals in short blocks: their words, their law, and that blocks do not depend on others."""

import numba
import numpy as np
import pytest
from scbsim_testing.random_words import xoshiro
from scipy import stats

from scbsim.kernels.random.box_muller import pair64
from scbsim.kernels.random.short_blocks import SHORT, fill_short_blocks, normals_of


@numba.njit
def _fill(out, words, counter, key):
    fill_short_blocks(out, words, counter, key)


@numba.njit
def _pairs(words, out):
    for i in range(SHORT // 2):
        out[i], out[i + SHORT // 2] = pair64(words[0, i], words[1, i], words[2, i], words[3, i])


@pytest.fixture
def drawn(counter, key):
    def draw(blocks):
        out = np.zeros(blocks * SHORT)
        address = counter(column=7, purpose=13, step=2**32 + 5)
        _fill(out, np.zeros(2 * SHORT, np.uint32), address, key())
        return out

    return draw


def test_words_are_those_of_thirty_two_lanes_a_block(drawn, philox, counter, key):
    found, right = drawn(3).reshape(3, SHORT), np.zeros(SHORT)
    address = counter(column=7, purpose=13, step=2**32 + 5)
    for block in range(3):
        words = xoshiro(philox(32 * block, 32, address, key()), 16).reshape(4, -1)
        _pairs(words, right)
        np.testing.assert_allclose(found[block], right, rtol=0, atol=1e-14)


def test_a_block_does_not_depend_on_those_after_it(drawn):
    np.testing.assert_array_equal(drawn(5)[: 2 * SHORT], drawn(2))


def test_their_law(drawn):
    z = drawn(800)
    assert stats.kstest(z, "norm").pvalue > 1e-6
    for apart in 1, SHORT // 2, SHORT:
        # A standard error of a correlation, five times.
        assert abs(np.mean(z[apart:] * z[:-apart])) < 5.0 / np.sqrt(z.size - apart)


def test_arrays_are_parts_of_the_blocks():
    normals, (one, other) = normals_of((3, 5), (100, 3))
    assert normals.size == 2 * SHORT
    normals[:] = np.arange(normals.size)
    np.testing.assert_array_equal(one.ravel(), np.arange(15))
    np.testing.assert_array_equal(other.ravel(), 15 + np.arange(300))
    assert one.flags.c_contiguous
    assert other.flags.c_contiguous
