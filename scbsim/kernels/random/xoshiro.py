"""The random words of a block, made by xoshiro128++ in lanes that Philox seeds.

Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (ACM TOMS 47, 2021).

A word of Philox costs four times one of xoshiro, but xoshiro cannot jump to an address. So every
lane starts from the 128 bits of Philox at its own address and takes 16 words from there. A block is
still a pure function of its address, at half the cost.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.random.philox import philox4x32
from scbsim.kernels.types import U32, Counter, Int, Key, Lane

WORDS = 16
"""Words of a lane."""

_u32, _u64 = np.uint32, np.uint64


@inline_jit
def _rotated(x: np.uint32, left: int) -> np.uint32:
    return _u32(_u32(x << _u32(left)) | _u32(x >> _u32(32 - left)))


@inline_jit
def next_word(
    a: np.uint32, b: np.uint32, c: np.uint32, d: np.uint32
) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32, np.uint32]:
    """Return a word of xoshiro128++ and its next state."""
    word = _u32(_rotated(_u32(a + d), 7) + a)
    t = _u32(b << _u32(9))
    c = _u32(c ^ a)
    d = _u32(d ^ b)
    b = _u32(b ^ c)
    a = _u32(a ^ d)
    return word, a, b, _u32(c ^ t), _rotated(d, 11)


@inline_jit
def _four_words(words: U32, i: Int, lanes: np.uint64, state: Lane) -> Lane:
    a, b, c, d = state
    # Unrolled, as the outer loop vectorises only without an inner one.
    words[i], a, b, c, d = next_word(a, b, c, d)
    words[i + lanes], a, b, c, d = next_word(a, b, c, d)
    words[i + _u64(2) * lanes], a, b, c, d = next_word(a, b, c, d)
    words[i + _u64(3) * lanes], a, b, c, d = next_word(a, b, c, d)
    return a, b, c, d


@inline_jit
def _fill(
    words: U32, lanes: np.uint64, used: np.uint64, first: np.uint64, counter: Counter, key: Key
) -> None:
    (c1, c2, c3), (k0, k1) = counter, key
    for i in range(used):
        a, b, c, d = philox4x32(first + i, c1, c2, c3, k0, k1)
        words[i], words[i + lanes] = a, b
        words[i + _u64(2) * lanes], words[i + _u64(3) * lanes] = c, d
    for i in range(used):
        a, b = words[i], words[i + lanes]
        c, d = words[i + _u64(2) * lanes], words[i + _u64(3) * lanes]
        state = _four_words(words, i, lanes, (a, b, c, d))
        state = _four_words(words, i + _u64(4) * lanes, lanes, state)
        state = _four_words(words, i + _u64(8) * lanes, lanes, state)
        _four_words(words, i + _u64(12) * lanes, lanes, state)


@inline_jit
def fill_words(
    words: U32, lanes: Int, calls: Int, first: np.uint64, counter: Counter, key: Key
) -> None:
    """Fill the first words of each quarter of an array.

    The quarters are one array at constant distances. With four arrays the loop would spend as long
    on tests for overlap as on its work.

    Parameters
    ----------
    words : (16 lanes,) uint32 array
        Lane i fills ``words[i::lanes]``, in order.
    lanes : int
        Must be a constant in the caller, or no loop vectorises.
    calls : int
        Words of each quarter to fill, at most ``4 lanes``. Their values do not depend on it.
    first : uint64
        Word 0 of the first lane's counter; it grows by one per lane.
    counter : triple of uint64
        Words 1, 2 and 3 of the counter.
    """
    # Unsigned indices need no test for negative ones.
    if calls < lanes:
        _fill(words, _u64(lanes), _u64(calls), first, counter, key)
    else:
        # A constant length is twice as fast.
        _fill(words, _u64(lanes), _u64(lanes), first, counter, key)
