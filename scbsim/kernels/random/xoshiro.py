"""The random words of a block: a call of Philox seeds each lane, xoshiro128++ makes the rest.

Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (ACM TOMS 47, 2021).

A word of Philox costs four times one of xoshiro, and xoshiro has no address to jump to. So every
lane of a block starts from the 128 bits at an address of its own and takes 16 words from there: a
block is a pure function of its address still, at half the price.
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
    """Return a word of xoshiro128++ and the four words of its next state, all uint32."""
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
    # Written out: the loop around this vectorises only if there is none inside it.
    words[i], a, b, c, d = next_word(a, b, c, d)
    words[i + lanes], a, b, c, d = next_word(a, b, c, d)
    words[i + _u64(2) * lanes], a, b, c, d = next_word(a, b, c, d)
    words[i + _u64(3) * lanes], a, b, c, d = next_word(a, b, c, d)
    return a, b, c, d


@inline_jit
def _fill(
    words: U32, lanes: np.uint64, used: np.uint64, first: np.uint64, counter: Counter, key: Key
) -> None:
    c1, c2, c3 = counter
    k0, k1 = key
    for i in range(used):
        a, b, c, d = philox4x32(first + i, c1, c2, c3, k0, k1)
        words[i] = a
        words[i + lanes] = b
        words[i + _u64(2) * lanes] = c
        words[i + _u64(3) * lanes] = d
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

    One array at distances that the compiler knows: with a pointer for each quarter, a loop would
    spend as long on finding out that they do not overlap as on its work.

    Parameters
    ----------
    words : (16 lanes,) uint32 array
        Lane i gives its words, in order, to ``words[i::lanes]``.
    lanes : int
        A constant where this is called from, or no loop vectorises.
    calls : int
        How many words of each quarter are wanted, at most ``4 lanes``. It changes none of them.
    first : uint64
        Word 0 of the first lane's counter; the next lane has the next.
    counter : triple of uint64
        Words 1, 2 and 3 of the counter.
    key : pair of uint64
    """
    # Unsigned, so that no index could count from the end.
    if calls < lanes:
        _fill(words, _u64(lanes), _u64(calls), first, counter, key)
    else:
        # With a length that the compiler knows this is twice as fast.
        _fill(words, _u64(lanes), _u64(lanes), first, counter, key)
