"""Batches of standard exponentials, in a loop that vectorises."""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.random.box_muller import minus_two_log
from scbsim.kernels.random.xoshiro import WORDS, fill_words
from scbsim.kernels.types import F64, U32, Counter, Key

LANES = 32
BATCH = LANES * WORDS // 2
"""Exponentials of a batch, each from 64 random bits."""

_HALF, _BATCH = np.float64(0.5), np.uint64(BATCH)


@internal_jit
def fill_exponentials(e: F64, words: U32, batch: np.uint64, counter: Counter, key: Key) -> None:
    """Fill ``e``, (BATCH,) float64, with standard exponentials.

    Parameters
    ----------
    words : (2 BATCH,) uint32 array
        Scratch.
    batch : uint64
        Index of the batch at this address.
    counter : triple of uint64
        Words 1, 2 and 3 of the counter.
    """
    fill_words(words, LANES, LANES, batch * np.uint64(LANES), counter, key)
    for i in range(_BATCH):
        e[i] = _HALF * minus_two_log(words[i], words[i + _BATCH])
