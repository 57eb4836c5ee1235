"""What does a normal cost, beside NumPy's fastest generator?

Both fill one block in the cache again and again, on one thread.
"""

import numpy as np
import pytest
from sizes import size

from scbsim.benchmark.kernels import normals, numpy_normals, numpy_words, random_words
from scbsim.kernels.random.normal import BLOCK

BLOCKS = size(2_000, 20)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normals(dtype, benchmark, best_of, note):
    benchmark.group = f"normals, {BLOCKS} blocks of {BLOCK}"
    z, words = np.zeros(BLOCK, dtype), np.zeros(2 * BLOCK, np.uint32)
    benchmark.pedantic(normals, (z, words, BLOCKS), rounds=9, warmup_rounds=1)
    fill = numpy_normals(dtype)
    ours = 1e9 * benchmark.stats.stats.min / BLOCKS / BLOCK
    numpy = 1e9 * best_of(lambda: fill(BLOCKS // 10)) / (BLOCKS // 10) / BLOCK
    note(ns_a_normal=ours, numpy_ns=numpy, times_faster_than_numpy=numpy / ours)


def test_words(benchmark, best_of, note):
    benchmark.group = f"32-bit words, {BLOCKS} blocks of {BLOCK}"
    words = np.zeros(BLOCK, np.uint32)
    benchmark.pedantic(random_words, (words, BLOCKS), rounds=9, warmup_rounds=1)
    ours = 1e9 * benchmark.stats.stats.min / BLOCKS / BLOCK
    numpy = 1e9 * best_of(lambda: numpy_words(BLOCKS // 10)) / (BLOCKS // 10) / BLOCK
    note(ns_a_word=ours, numpy_ns=numpy, times_faster_than_numpy=numpy / ours)
