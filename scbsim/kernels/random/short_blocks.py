"""Normals in short blocks, for steps that draw a few hundred of them.

A block of `normal` has a lane of random words for each of its first 256 pairs, of which a short
array would use a few words each. Here 32 lanes make 256 normals, and every word is used.
"""

from __future__ import annotations

from itertools import accumulate
from math import prod

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.random.box_muller import pair64
from scbsim.kernels.random.xoshiro import WORDS, fill_words
from scbsim.kernels.types import F64, U32, Counter, Key

SHORT = 256
"""Normals of a block."""

_LANES = 2 * SHORT // WORDS
_HALF = np.uint64(SHORT // 2)


def normals_of(*shapes: tuple[int, ...]) -> tuple[F64, list[F64]]:
    """Allocate whole blocks of normals; return them, and arrays that are views of them."""
    counts = [prod(shape) for shape in shapes]
    normals = np.zeros(-(-sum(counts) // SHORT) * SHORT)
    ends = list(accumulate(counts))
    parts = zip(shapes, counts, ends, strict=True)
    return normals, [normals[end - n : end].reshape(shape) for shape, n, end in parts]


@inline_jit
def _pairs(z: F64, words: U32) -> None:
    for i in range(_HALF):
        w0, w1 = words[i], words[i + _HALF]
        w2, w3 = words[i + np.uint64(2) * _HALF], words[i + np.uint64(3) * _HALF]
        z[i], z[i + _HALF] = pair64(w0, w1, w2, w3)


@internal_jit
def fill_short_blocks(out: F64, words: U32, counter: Counter, key: Key) -> None:
    """Fill an array with standard normals.

    Parameters
    ----------
    out : (n,) float64, n a multiple of 256
        Block i is at lanes 32 i to 32 i + 31 of the counter's word 0.
    words : (512,) uint32 or longer
        Scratch.
    """
    for block in range(out.size // SHORT):
        fill_words(words, _LANES, _LANES, np.uint64(block * _LANES), counter, key)
        _pairs(out[block * SHORT : (block + 1) * SHORT], words)
