"""The words of a block: the published generator, its seeds, and how many are wanted."""

import numba
import numpy as np
import pytest
from scbsim_testing.random_words import xoshiro

from scbsim.kernels.random.xoshiro import fill_words, next_word

LANES = 128

# The first words from the state 1, 2, 3, 4.
PUBLISHED = [641, 1573767, 3222811527, 3517856514, 836907274]


@numba.njit
def _words(n, a, b, c, d):
    found = np.zeros(n, np.uint32)
    for i in range(n):
        found[i], a, b, c, d = next_word(a, b, c, d)
    return found


@numba.njit
def _fill(words, calls, first, counter, key):
    fill_words(words, LANES, calls, first, counter, key)


def test_published_words():
    state = np.array([1, 2, 3, 4], np.uint32)
    assert _words(5, *state).tolist() == PUBLISHED
    assert xoshiro(state[:, None], 5).ravel().tolist() == PUBLISHED


@pytest.mark.parametrize("calls", [1, 7, 16, 127, 128, 129, 512])
@pytest.mark.parametrize("first", [0, 128, 2**32 - 5], ids=["first", "second", "wraps"])
def test_every_lane_goes_on_from_its_call_of_philox(calls, first, philox, counter, key):
    rest, of_seed = counter(column=3, step=2**33 + 7, replica=7), key()
    words = np.full(16 * LANES, 77, np.uint32)
    _fill(words, calls, np.uint64(first), rest, of_seed)
    right = xoshiro(philox(first, LANES, rest, of_seed), 16)
    found = words.reshape(4, 4 * LANES)
    assert np.array_equal(found[:, :calls], right.reshape(4, -1)[:, :calls])


def test_no_two_lanes_are_alike(philox, counter, key):
    states = philox(0, 2**16, counter(), key())
    assert len(np.unique(states, axis=1).T) == 2**16
