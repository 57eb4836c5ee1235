"""The words: published vectors, an independent oracle, and the layout of the counter."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbsim.kernels.random.philox import (
    NOISE_A,
    NOISE_V,
    counter_words,
    philox4x32,
    split_seed,
)

# kat_vectors of Random123, philox4x32 10: counter, key, words.
PUBLISHED = [
    (
        (0, 0, 0, 0),
        (0, 0),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@numba.njit
def _words(c0, c1, c2, c3, k0, k1):
    return philox4x32(c0, c1, c2, c3, k0, k1)


@numba.njit
def _counter(column, step, purpose, replica):
    return counter_words(column, step, purpose, replica)


@numba.njit
def _key(seed):
    return split_seed(seed)


def kernel_words(counter, key):
    return tuple(int(w) for w in _words(*(np.uint64(word) for word in (*counter, *key))))


def plain_philox(counter, key):
    """Philox4x32-10 in Python's own integers, from the paper's description."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * c0, 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c0, c1, c2, c3


def below(bound):
    """Integers of every size under a bound."""
    return st.one_of(st.integers(0, bound - 1), st.sampled_from([0, 1, bound - 1, bound // 2]))


word = below(2**32)
counters, keys = st.tuples(word, word, word, word), st.tuples(word, word)


@pytest.mark.parametrize(("counter", "key", "words"), PUBLISHED)
def test_published_vectors(counter, key, words):
    assert kernel_words(counter, key) == words


@settings(deadline=None, max_examples=300)
@given(counter=counters, key=keys)
def test_any_counter_and_key(counter, key):
    assert kernel_words(counter, key) == plain_philox(counter, key)


@settings(deadline=None)
@given(counter=counters, key=keys, garbage=st.tuples(word, word, word, word))
def test_high_halves_of_the_counter_do_not_matter(counter, key, garbage):
    dirty = [low + high * 2**32 for low, high in zip(counter, garbage, strict=True)]
    assert kernel_words(dirty, key) == plain_philox(counter, key)


@settings(deadline=None, max_examples=300)
@given(column=below(2**24), step=below(2**40), purpose=below(2**8), replica=below(2**24))
def test_the_counter_is_laid_out_as_documented(column, step, purpose, replica):
    # Each of the four can be read back, so no two addresses share a counter.
    c1, c2, c3 = map(int, _counter(column, step, purpose, np.uint64(replica)))
    assert max(c1, c2, c3) < 2**32
    assert c1 % 2**24 == column
    assert (c1 >> 24) * 2**32 + c2 == step
    assert (c3 >> 24, c3 % 2**24) == (purpose, replica)


def test_purposes_as_documented():
    assert (NOISE_A, NOISE_V) == (1, 2)


@settings(deadline=None)
@given(seed=below(2**64))
def test_the_key_is_the_seed(seed):
    low, high = map(int, _key(np.uint64(seed)))
    assert (low, high) == (seed % 2**32, seed // 2**32)
