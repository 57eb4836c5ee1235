"""The normals: each value against its words, and the edges of what words can be."""

import numba
import numpy as np
import pytest

from scbsim.kernels.random.normal import BLOCK, _normals32, _normals64, _refine_tail, fill_normals
from scbsim.kernels.random.xoshiro import fill_words

DTYPES = ["float32", "float64"]
LANES = BLOCK // 4
SEEDED = BLOCK // 16

# Words at every edge: of the radius, of the refined tail, of the angle and of its sign.
EDGES = np.array(
    [0, 1, 2, 3, 511, 512, 1022, 1023, 1024, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], np.uint64
)


@numba.njit
def _block32(z, words, calls):
    return _normals32(z, words, calls)


@numba.njit
def _block64(z, words, calls):
    _normals64(z, words, calls)


def by_blocks(function, rows, words, dtype):
    """Transform (4, n) words block by block: (rows, n) normals, and what each block returned."""
    calls = BLOCK // rows
    z, said = [], []
    for begin in range(0, words.shape[1], calls):
        piece = words[:, begin : begin + calls]
        padded = np.full((4, calls), 2**31, np.uint32)
        padded[:, : piece.shape[1]] = piece
        out = np.full(BLOCK, np.nan, dtype)
        said.append(function(out, padded.ravel(), piece.shape[1]))
        z.append(out.reshape(rows, calls)[:, : piece.shape[1]])
    return np.concatenate(z, axis=1), said


def pairs32(words):
    return by_blocks(_block32, 4, words, np.float32)


def pairs64(words):
    return by_blocks(_block64, 2, words, np.float64)


@numba.njit
def _block_with_far_radius(row, words, counter, key):
    """The first block in which a word of a row asks for more bits."""
    for block in range(1_000_000):
        fill_words(words, SEEDED, LANES, np.uint64(block * SEEDED), counter, key)
        if words[row * LANES : (row + 1) * LANES].min() < 1024:
            return block
    return -1


@numba.njit
def _refine(z, words, first, counter, key):
    _refine_tail(z, words, LANES, first, counter, key)


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


def pair32(radius_word, angle_word, extra=None):
    w = (radius_word >> 1).astype(np.longdouble)
    half = 0.5 if extra is None else (extra.astype(np.longdouble) + 0.5) * 2.0**-32
    r = radius_of(w + half, 31)
    return *turned(r, signed(angle_word) * 2.0**-32, angle_word & 1), r


def pair64(words):
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


def mixed_words(n):
    """(4, n) words, n >= 600: every pair of edges for radius and angle, the others random."""
    words = np.random.default_rng(3).integers(0, 2**32, (4, n), np.uint32)
    radius, angle = (grid.ravel() for grid in np.meshgrid(EDGES, EDGES))
    edges = slice(0, radius.size)
    words[0, edges] = words[1, edges] = radius
    words[2, edges] = words[3, edges] = angle
    return words


def test_float32_pairs():
    words = mixed_words(2**17)
    for first, second in (0, 1), (2, 3), (0, 3), (2, 1):
        z, _ = pairs32(words[[first, second, first, second]])
        cosine, sine, r = pair32(words[first], words[second])
        for quarter, exact in enumerate((cosine, sine, cosine, sine)):
            found = z[quarter]
            assert np.isfinite(found).all()
            assert near(found, exact, r, "float32").all()


def test_float64_pairs():
    words = mixed_words(2**17)
    # Every word at an edge in its turn: radius, its low half, angle, its low half.
    for order in [0, 1, 2, 3], [0, 2, 1, 3], [2, 0, 3, 1], [0, 1, 3, 2]:
        z, _ = pairs64(words[order])
        cosine, sine, r = pair64(words[order])
        assert np.isfinite(z).all()
        assert near(z[0], cosine, r, "float64").all()
        assert near(z[1], sine, r, "float64").all()


@pytest.mark.parametrize("word", [0, 2**32 - 1])
def test_equal_words_at_the_ends_are_finite(word):
    words = np.full((4, LANES), word, np.uint32)
    for z, _ in pairs32(words), pairs64(words):
        assert np.isfinite(z).all()
        assert np.abs(z).max() < 10


def test_only_far_radii_ask_for_more_bits():
    words = np.full((4, LANES), 1024, np.uint32)
    words[1], words[3] = 0, 2**32 - 1
    assert pairs32(words)[1] == [False]
    for row, asks in (0, True), (1, False), (2, True), (3, False):
        for column in 0, 100, LANES - 1:
            changed = words.copy()
            changed[row, column] = 1023
            assert pairs32(changed)[1] == [asks]


def test_refined_radii(counter, key, philox):
    first, rest, of_seed = np.uint64(7 * LANES), counter(3, 2**32 + 5, 1, 9), key()
    words = mixed_words(600)[:, :LANES]
    z, asks = pairs32(words)
    assert asks == [True]
    z = z.ravel()
    rough = z.copy()
    _refine(z, words.ravel(), first, rest, of_seed)
    extra = philox(int(first), LANES, counter(3, 2**32 + 5, 3, 9), of_seed)
    for half in range(2):
        far = words[2 * half] < 1024
        assert 50 < far.sum() < LANES
        cosine, sine, r = pair32(words[2 * half], words[2 * half + 1], extra[half])
        for quarter, exact in (2 * half, cosine), (2 * half + 1, sine):
            lane = slice(quarter * LANES, (quarter + 1) * LANES)
            assert near(z[lane], exact, r, "float32")[far].all()
            assert np.array_equal(z[lane][~far], rough[lane][~far])


def test_a_block_of_float32(fill, counter, key, block_words):
    rest, of_seed = counter(column=11, step=2**33 + 1, replica=3), key()
    for block in 0, 3:
        z = fill("float32", BLOCK, block, rest, of_seed).reshape(4, LANES)
        words = block_words("float32", block, rest, of_seed)
        assert (words[[0, 2]] >= 1024).all()
        for half in range(2):
            cosine, sine, r = pair32(words[2 * half], words[2 * half + 1])
            assert near(z[2 * half], cosine, r, "float32").all()
            assert near(z[2 * half + 1], sine, r, "float32").all()


def test_a_block_of_float64(fill, counter, key, block_words):
    rest, of_seed = counter(column=11, step=2**33 + 1, purpose=2, replica=3), key()
    for block in 0, 3:
        z = fill("float64", BLOCK, block, rest, of_seed).reshape(2, 2 * LANES)
        cosine, sine, r = pair64(block_words("float64", block, rest, of_seed))
        assert near(z[0], cosine, r, "float64").all()
        assert near(z[1], sine, r, "float64").all()


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])
def test_a_block_of_float32_with_a_far_radius(half, fill, counter, key, philox):
    words, of_seed = np.zeros(BLOCK, np.uint32), key()
    block = _block_with_far_radius(2 * half, words, counter(column=2), of_seed)
    z = fill("float32", BLOCK, block, counter(column=2), of_seed).reshape(4, LANES)
    words = words.reshape(4, LANES)
    extra = philox(block * LANES, LANES, counter(column=2, purpose=3), of_seed)[half]
    i = words[2 * half].argmin()
    one = slice(i, i + 1)
    cosine, sine, r = pair32(words[2 * half, one], words[2 * half + 1, one], extra[one])
    assert r > 5.5
    assert near(z[2 * half, one], cosine, r, "float32")
    assert near(z[2 * half + 1, one], sine, r, "float32")


@pytest.mark.parametrize("dtype", DTYPES)
def test_how_many_are_wanted_changes_none(dtype, fill, counter, key):
    rest, of_seed = counter(column=2), key()
    words = np.zeros(BLOCK, np.uint32)
    for block in 1, _block_with_far_radius(0, words, rest, of_seed):
        whole = fill(dtype, BLOCK, block, rest, of_seed)
        for count in 1, 7, 16, 33, 511, 512, 513, 1023, 1024, 1025, 2047:
            part = fill(dtype, count, block, rest, of_seed)
            assert np.array_equal(part[:count], whole[:count])


def test_python_has_no_way_in():
    with pytest.raises(TypeError, match="compiled code"):
        fill_normals(None, None, 1, 0, None, None)
