"""The normals: each value against its words, and the edges of what words can be."""

import numba
import numpy as np
import pytest

from scbsim.kernels.random import box_muller
from scbsim.kernels.random.normal import BLOCK, LANE_WORDS, fill_row, seed_lanes

DTYPES = ["float32", "float64"]

# Words at every edge: of the radius, of its low bits, of the angle and of its sign.
EDGES = np.array(
    [0, 1, 2, 3, 511, 512, 1022, 1023, 1024, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], np.uint64
)


@numba.njit
def _pairs32(x, y, words):
    for i in range(x.size):
        x[i], y[i] = box_muller.pair32(words[0, i], words[1, i], words[2, i])


@numba.njit
def _pairs64(x, y, words):
    for i in range(x.size):
        quotient, exponent = box_muller.reduced_radius64(words[0, i], words[1, i])
        r = box_muller.radius64(quotient, exponent)
        x[i], y[i] = box_muller.pair64_of_radius(r, words[2, i])


@numba.njit
def _pairs_of_four(x, y, words):
    for i in range(x.size):
        x[i], y[i] = box_muller.pair64(words[0, i], words[1, i], words[2, i], words[3, i])


def pairs(words, dtype):
    """The two normals of each column of words."""
    x, y = np.zeros((2, words.shape[1]), dtype)
    of = _pairs_of_four if len(words) == 4 else _pairs32 if dtype == "float32" else _pairs64
    of(x, y, words)
    return x, y


# The formulas of docs/model.md, section 7, in the widest floats there are.


def radius_of(w, bits):
    """The radius of an integer and the half that makes it a uniform, over 2^bits."""
    return np.sqrt(-2 * np.log(np.ldexp(np.asarray(w, np.longdouble), -bits)))


def turned(radius, fraction, sign):
    """The pair of a radius, an angle as a fraction of half a turn, and a bit."""
    pi = np.longdouble("3.14159265358979323846264338327950288")
    cosine = np.cos(pi * fraction) * np.where(sign, -1, 1)
    return radius * cosine, radius * np.sin(pi * fraction)


def signed(word):
    return word.astype(np.uint32).astype(np.int32).astype(np.longdouble)


def pair_of_three(words):
    radius, low, angle = words
    w = (radius >> 1).astype(np.longdouble)
    r = radius_of(w + ((low >> 1).astype(np.longdouble) + 0.5) * np.longdouble(2.0**-31), 31)
    return *turned(r, signed(angle | np.uint32(1)) * 2.0**-32, angle & 1), r


def pair_of_four(words):
    w0, w1, _, w3 = (word.astype(np.longdouble) for word in words)
    r = radius_of(w0 + (w1 + 0.5) * np.longdouble(2.0**-32), 32)
    fraction = (signed(words[2]) + w3 * np.longdouble(2.0**-32)) * np.longdouble(2.0**-32)
    return *turned(r, fraction, words[3] & 1), r


def near(z, exact, r, dtype):
    """Whether values are as near as the type allows, given their radius.

    u is rounded twice at most, and a relative error e of it moves r by e/r, which tells near the
    middle; everything after is good to a few roundings of r.
    """
    return np.abs(z - exact) * r <= np.finfo(dtype).eps * (4 * r * r + 1)


def mixed_words(count, n):
    """(count, n) words, n >= 3000: all edges with all for three of them, the others random."""
    words = np.random.default_rng(3).integers(0, 2**32, (count, n), np.uint32)
    edges = np.array(np.meshgrid(EDGES, EDGES, EDGES)).reshape(3, -1)
    words[:3, : edges.shape[1]] = edges
    return words


@pytest.mark.parametrize("dtype", DTYPES)
def test_pairs(dtype):
    words = mixed_words(3, 2**17)
    # Far out, where the low bits are all that counts.
    words[0, -5000:] >>= 24
    cosine, sine, r = pair_of_three(words)
    x, y = pairs(words, dtype)
    assert r.max() > 9
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
    assert near(x, cosine, r, dtype).all()
    assert near(y, sine, r, dtype).all()


def test_pairs_of_four_words():
    words = mixed_words(4, 2**17)
    # Every word at an edge in its turn: radius, its low half, angle, its low half.
    for order in [0, 1, 2, 3], [0, 3, 1, 2], [3, 0, 2, 1]:
        cosine, sine, r = pair_of_four(words[order])
        x, y = pairs(words[order], "float64")
        assert np.isfinite(x).all()
        assert np.isfinite(y).all()
        assert near(x, cosine, r, "float64").all()
        assert near(y, sine, r, "float64").all()


def test_angles_are_even():
    """Words come in pairs of opposite sines, and of opposite cosines: no moment is off."""
    angle = np.arange(0, 2**32, 2**20 + 2, dtype=np.uint64).astype(np.uint32)
    one = np.full(angle.size, 2**30 + 1, np.uint32)
    for dtype in DTYPES:
        x, y = pairs(np.array([one, one, angle]), dtype)
        of_minus, minus_y = pairs(np.array([one, one, ~angle]), dtype)
        assert np.array_equal(minus_y, -y)
        assert np.array_equal(of_minus, -x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_block(dtype, fill, counter, key, block_words):
    rest, of_seed = counter(column=11, step=2**33 + 1, replica=3), key()
    for block in 0, 3:
        z = fill(dtype, BLOCK, block, rest, of_seed).reshape(32, 2, 32)
        cosine, sine, r = pair_of_three(block_words(block, rest, of_seed))
        assert near(z[:, 0], cosine, r, dtype).all()
        assert near(z[:, 1], sine, r, dtype).all()


@numba.njit
def _rows_apart(z, lanes, counter, key):
    """A block as a step draws it: row after row into the same place."""
    seed_lanes(lanes, 5, counter, key)
    row = z[:64].copy()
    for n in range(32):
        fill_row(row, np.uint64(0), lanes)
        z[64 * n : 64 * n + 64] = row


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_rows_make_up_the_block(dtype, fill, counter, key):
    rest, of_seed = counter(column=2), key()
    z = np.zeros(BLOCK, dtype)
    _rows_apart(z, np.zeros(LANE_WORDS, np.uint32), rest, of_seed)
    assert np.array_equal(z, fill(dtype, BLOCK, 5, rest, of_seed))


@pytest.mark.parametrize("dtype", DTYPES)
def test_how_many_are_wanted_changes_none(dtype, fill, counter, key):
    rest, of_seed = counter(column=2), key()
    whole = fill(dtype, BLOCK, 1, rest, of_seed)
    for count in 1, 7, 16, 33, 63, 64, 65, 1023, 2047:
        part = fill(dtype, count, 1, rest, of_seed)
        assert np.array_equal(part[:count], whole[:count])


def test_both_precisions_are_of_the_same_words(normals):
    single, double = (normals(dtype, 5000, column=4) for dtype in DTYPES)
    np.testing.assert_allclose(single, double, rtol=0, atol=1e-5)
