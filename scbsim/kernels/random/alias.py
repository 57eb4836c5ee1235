"""Tokens from random words by Walker's alias method, in integers.

Source: Walker, "An efficient method for generating discrete random variables with general
distributions" (ACM TOMS 3, 1977); Vose's construction of the table (IEEE TSE 17, 1991).

The upper ``b`` bits of a 32-bit word pick one of ``2^b`` buckets. The other bits pick one of the
two tokens of the bucket. An entry of the table has both: the threshold in its upper ``32 - b``
bits, the alias in its lower ``b``. The distribution is exact for counts out of ``2^32``, see
:func:`scbsim.sampling.alias_tables.counts_of`.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, kernel
from scbsim.kernels.types import I64, U32

_u32 = np.uint32


@inline_jit
def pick_from(word: np.uint32, table: U32, bits: np.uint32) -> np.uint32:
    """Return the token that a word picks from a table of ``2^bits`` entries; bits is at least 1."""
    bucket = word >> _u32(_u32(32) - bits)
    entry, low = table[bucket], _u32(_u32(_u32(1) << bits) - _u32(1))
    # With ones in its low bits, the rest of the word compares with the threshold alone.
    own = _u32(_u32(word << bits) | low) < entry
    return _u32(bucket) if own else _u32(entry & low)


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
        # Buckets below the mean count fill `waiting` from the front, the others from the back.
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
            # The bucket is full: it picks its own token whatever the rest of the word.
            table[waiting[i]] = _u32(waiting[i])
