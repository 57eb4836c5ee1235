"""What does a normal cost, beside NumPy's fastest generator?

Both fill one block in the cache again and again, on one thread.
"""

import numba
import numpy as np
import pytest
from sizes import size

from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.xoshiro import WORDS, fill_words

BLOCKS = size(2_000, 20)
LANES = BLOCK // WORDS


@numba.njit
def _normals(z, words, blocks):
    counter = (np.uint64(1), np.uint64(2), np.uint64(3))
    for block in range(blocks):
        fill_normals(z, words, BLOCK, block, counter, (np.uint64(4), np.uint64(5)))


@numba.njit
def _words(words, blocks):
    one = np.uint64(1)
    for block in range(blocks):
        first = np.uint64(block * LANES)
        fill_words(words, LANES, 4 * LANES, first, (one, one, one), (one, one))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normals(dtype, benchmark, best_of, note):
    benchmark.group = f"normals, {BLOCKS} blocks of {BLOCK}"
    z, words = np.zeros(BLOCK, dtype), np.zeros(2 * BLOCK, np.uint32)
    benchmark.pedantic(_normals, (z, words, BLOCKS), rounds=9, warmup_rounds=1)
    random = np.random.Generator(np.random.SFC64(1))

    def numpy_fill():
        for _ in range(BLOCKS // 10):
            random.standard_normal(out=z, dtype=dtype)

    ours = 1e9 * benchmark.stats.stats.min / BLOCKS / BLOCK
    numpy = 1e9 * best_of(numpy_fill) / (BLOCKS // 10) / BLOCK
    note(ns_a_normal=ours, numpy_ns=numpy, times_faster_than_numpy=numpy / ours)


def test_words(benchmark, best_of, note):
    benchmark.group = f"32-bit words, {BLOCKS} blocks of {BLOCK}"
    words = np.zeros(BLOCK, np.uint32)
    benchmark.pedantic(_words, (words, BLOCKS), rounds=9, warmup_rounds=1)
    random = np.random.SFC64(1)

    def numpy_fill():
        for _ in range(BLOCKS // 10):
            random.random_raw(BLOCK // 2)

    ours = 1e9 * benchmark.stats.stats.min / BLOCKS / BLOCK
    numpy = 1e9 * best_of(numpy_fill) / (BLOCKS // 10) / BLOCK
    note(ns_a_word=ours, numpy_ns=numpy, times_faster_than_numpy=numpy / ours)
