"""Tables by which a random word becomes a token: Walker's alias method, on whole numbers.

Source: Walker, "An efficient method for generating discrete random variables with general
distributions" (ACM TOMS 3, 1977); Vose's way to make the table (IEEE TSE 17, 1991).

A word of 32 bits picks one of ``2^b`` buckets by its upper bits, and by the others one of the two
numbers in it. An entry has both in 32 bits: the threshold in the upper ``32 - b``, the alias in the
lower ``b``. The law is exact for counts out of ``2^32``, see
:func:`scbsim.sampling.alias_tables.counts_of`.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, kernel
from scbsim.kernels.types import I64, U32

_u32 = np.uint32


@inline_jit
def pick(word: np.uint32, entry: np.uint32, bits: np.uint32, low: np.uint32) -> np.uint32:
    """Return the number that a word picks, given the entry of its bucket.

    Parameters
    ----------
    word, entry : uint32
    bits : uint32
        ``b``; at least 1.
    low : uint32
        ``2^b - 1``.
    """
    # With ones below it, what is left of the word compares with the threshold as if alone.
    own = _u32(_u32(word << bits) | low) < entry
    return _u32(word >> _u32(_u32(32) - bits)) if own else _u32(entry & low)


@inline_jit
def pick_from(word: np.uint32, table: U32, bits: np.uint32) -> np.uint32:
    """Return the number that a word picks from a table, one word alone."""
    bucket = word >> _u32(_u32(32) - bits)
    return pick(word, table[bucket], bits, _u32(_u32(_u32(1) << bits) - _u32(1)))


@kernel
def make_tables(counts: I64, tables: U32) -> None:
    """Make the table of each row of counts.

    Parameters
    ----------
    counts : (rows, 2^b) int64
        Each row sums to ``2^32``. Overwritten.
    tables : (rows, 2^b) uint32
        Receives the entries.
    """
    size = counts.shape[1]
    bits = 0
    while 1 << bits < size:
        bits += 1
    room = 1 << (32 - bits)
    waiting = np.empty(size, np.int64)
    for row in range(counts.shape[0]):
        left, table = counts[row], tables[row]
        # Those with too little from the front, those with enough from the back.
        few, many = 0, size
        for i in range(size):
            if left[i] < room:
                waiting[few] = i
                few += 1
            else:
                many -= 1
                waiting[many] = i
        while few > 0:
            few -= 1
            own, giver = waiting[few], waiting[many]
            table[own] = _u32((left[own] << bits) | giver)
            left[giver] -= room - left[own]
            if left[giver] < room:
                many += 1
                waiting[few] = giver
                few += 1
        for i in range(many, size):
            # Full to the brim: its own number, whatever the rest of the word.
            table[waiting[i]] = _u32(waiting[i])
