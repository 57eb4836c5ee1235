"""Standard exponentials by the batch: the stream's words, and their law."""

import numba
import numpy as np
import pytest
from scipy import stats

from scbsim.kernels.random.exponential import BATCH, LANES, fill_exponentials

P_FLOOR = 1e-8


@numba.njit
def _fill(e, words, batch, counter, key):
    fill_exponentials(e, words, batch, counter, key)


@pytest.fixture(scope="module")
def exponentials(counter, key):
    """The exponentials of a batch."""

    def batch(number, **address):
        e, words = np.full(BATCH, np.nan), np.zeros(2 * BATCH, np.uint32)
        _fill(e, words, np.uint64(number), counter(**address), key())
        return e, words

    return batch


def test_one_is_minus_the_logarithm_of_64_bits(exponentials):
    e, words = exponentials(3, column=2, step=5, purpose=7)
    high, low = (half.astype(np.longdouble) for half in words.reshape(2, -1))
    u = (high + (low + 0.5) / 2**32) / 2**32
    np.testing.assert_allclose(e, -np.log(u).astype(float), rtol=4e-15, atol=1e-16)


def test_the_words_are_those_of_the_address(exponentials, philox, counter, key):
    _, words = exponentials(3, column=2, step=5, purpose=7)
    states = philox(3 * LANES, LANES, counter(column=2, step=5, purpose=7), key())
    # The first word of each lane: xoshiro128++ turns a + d by 7 and adds a.
    total = states[0] + states[3]
    first = (total << np.uint32(7) | total >> np.uint32(25)) + states[0]
    np.testing.assert_array_equal(words[:LANES], first)


def test_law(exponentials):
    e = np.concatenate([exponentials(i)[0] for i in range(2**12)])
    assert e.size == 2**20
    assert (e > 0).all()
    assert stats.kstest(e, "expon").pvalue > P_FLOOR
    assert abs(np.corrcoef(e[:-1], e[1:])[0, 1]) < 6 / np.sqrt(e.size)
    # Far out: past 8 there are 352 of them.
    far = e[e > 8.0] - 8.0
    assert abs(far.size - e.size * np.exp(-8)) < 6 * np.sqrt(e.size * np.exp(-8))
    assert stats.kstest(far, "expon").pvalue > P_FLOOR


def test_batches_and_addresses_differ(exponentials):
    seen = [exponentials(i, step=step)[0] for i in range(4) for step in range(4)]
    assert len(np.unique(np.concatenate(seen))) == 16 * BATCH
