"""The law of the normals: one by one, together, and far out.

Limits are standard errors or p-values so strict that a sound generator passes whatever its seed:
all the tests here together fail once in some ten thousand seeds.
"""

import math
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest
from scipy import stats

from scbsim.kernels.random import box_muller
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.util.cores import usable_cores

DTYPES = ["float32", "float64"]
MANY = 2**20
P_FLOOR = 1e-6
ERRORS = 5.0
LANES = 32


@numba.njit
def _pairs32(x, y, words):
    for i in range(x.size):
        x[i], y[i] = box_muller.pair32(words[0, i], words[1, i], words[2, i])


@numba.njit(nogil=True)
def _count_beyond(levels, blocks, z, counter, key):
    """How many of ``blocks * BLOCK`` normals of a column lie beyond each level, either way."""
    counts = np.zeros(levels.size, np.int64)
    words = np.zeros(2 * BLOCK, np.uint32)
    for block in range(blocks):
        fill_normals(z, words, BLOCK, block, counter, key)
        for i in range(BLOCK):
            if abs(z[i]) > levels[0]:
                for j in range(levels.size):
                    counts[j] += abs(z[i]) > levels[j]
    return counts


@pytest.fixture(scope="module", params=DTYPES)
def dtype(request):
    return request.param


@pytest.fixture(scope="module")
def column(normals, dtype):
    """Draw a column, in float64."""

    def draw(length=MANY, **address):
        return normals(dtype, length, **address).astype(np.float64)

    return draw


def correlation(x, y):
    """The correlation of two samples, in standard errors."""
    return np.corrcoef(x, y)[0, 1] * math.sqrt(x.size)


FORMS = {"values": lambda z: z, "squares": np.square, "sizes": np.abs, "signs": np.sign}


def unrelated(x, y):
    """Whether no form of one sample is correlated with any form of the other."""
    return all(
        abs(correlation(f(x), g(y))) < ERRORS for f in FORMS.values() for g in FORMS.values()
    )


def test_normal(column):
    assert stats.kstest(column(), "norm").pvalue > P_FLOOR


def test_each_of_a_pair_is_normal(column):
    for z in column().reshape(-1, 2, LANES).swapaxes(0, 1):
        assert stats.kstest(z.ravel(), "norm").pvalue > P_FLOOR


def test_moments(column):
    z = column(seed=12)
    for k in range(1, 9):
        moment = stats.norm.moment(k)
        error = math.sqrt((stats.norm.moment(2 * k) - moment**2) / z.size)
        assert abs((z**k).mean() - moment) < ERRORS * error


def test_squared_radius_is_exponential(column, dtype):
    z = column(seed=13).reshape(-1, 2, LANES)
    half_square = (z[:, 0] ** 2 + z[:, 1] ** 2).ravel() / 2
    assert stats.kstest(half_square, "expon").pvalue > P_FLOOR


def test_angle_is_uniform(column, dtype):
    z = column(seed=14).reshape(-1, 2, LANES)
    turn = np.arctan2(z[:, 1], z[:, 0]).ravel() / (2 * np.pi) % 1.0
    assert stats.kstest(turn, "uniform").pvalue > P_FLOOR


def test_the_four_of_two_rows_are_independent(column):
    z = column(seed=15).reshape(-1, 4, LANES).swapaxes(0, 1).reshape(4, -1)
    for i in range(4):
        for j in range(i):
            assert unrelated(z[i], z[j])


@pytest.mark.parametrize("lag", [1, 2, 8, 16, 31, 32, 33, 64, 65, 128, BLOCK, BLOCK + 1])
def test_positions_are_independent(column, lag):
    z = column(2**18, seed=16)
    assert unrelated(z[lag:], z[:-lag])


@pytest.mark.parametrize(
    "other",
    [
        {"column": 41},
        {"column": 40 + 2**23},
        {"step": 8},
        {"step": 7 + 2**32},
        {"replica": 1},
        {"purpose": 2},
        {"purpose": 3},
        {"seed": 18},
        {"seed": 17 + 2**32},
    ],
    ids=str,
)
def test_streams_are_independent(column, other):
    address = {"seed": 17, "column": 40, "step": 7}
    x, y = column(2**18, **address), column(2**18, **{**address, **other})
    assert not np.isin(x, y).all()
    assert unrelated(x, y)


def test_far_radii():
    """Given that it lies far out, -log u is exponential beyond it: the low bits are drawn."""
    words = np.random.default_rng(18).integers(0, 2**32, (3, 2**18), np.uint32)
    words[0] >>= 22
    x, y = np.zeros((2, words.shape[1]), np.float32)
    _pairs32(x, y, words)
    beyond = (x.astype(np.float64) ** 2 + y.astype(np.float64) ** 2) / 2 - 22 * math.log(2)
    assert stats.kstest(beyond, "expon").pvalue > P_FLOOR
    # Without them there would be 512 radii: ties, and none past 6.7.
    assert np.unique(beyond).size > 0.9 * beyond.size
    assert math.sqrt(2 * (beyond.max() + 22 * math.log(2))) > 7


def test_low_bits_are_unrelated_to_the_pair_and_the_next(counter, key, block_words):
    """The third word of a state, beside the words that are drawn before and after it."""
    blocks = [block_words(block, counter(column=6), key(21)) for block in range(1000)]
    radius, low, angle = np.swapaxes(blocks, 0, 1).astype(np.float64) / 2**32 - 0.5
    for x, y in (
        (low, radius),
        (low, angle),
        (low[:, :-1], radius[:, 1:]),
        (low[:, :-1], angle[:, 1:]),
        (low[:, 1:], angle[:, :-1]),
        (low[:, 1:], low[:, :-1]),
    ):
        assert unrelated(x.ravel(), y.ravel())
    assert stats.kstest(low.ravel() + 0.5, "uniform").pvalue > P_FLOOR


@pytest.fixture(scope="module")
def tails_hold(counter, key, dtype):
    """Check the number of normals beyond ascending levels, on every core."""

    def check(levels, columns, blocks):
        def count(column):
            rest, z = counter(1000 + column), np.zeros(BLOCK, dtype)
            return _count_beyond(np.array(levels), blocks, z, rest, key(19))

        with ThreadPoolExecutor(usable_cores()) as threads:
            counts = sum(threads.map(count, range(columns)))
        for level, found in zip(levels, counts, strict=True):
            law = stats.poisson(2 * stats.norm.sf(level) * columns * blocks * BLOCK)
            assert min(law.cdf(found), law.sf(found - 1)) > P_FLOOR / 2

    return check


def test_tails_near(tails_hold):
    tails_hold([3.0, 4.0, 4.5], columns=4, blocks=2_500)


@pytest.mark.slow
def test_tails_far(tails_hold):
    tails_hold([4.0, 5.0, 5.5, 6.0, 6.5], columns=100, blocks=50_000)
