"""Philox4x32-10: random words as a pure function of a key and a counter.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
`docs/model.md`, section 7, defines the counter's four words and the purposes below.

Every word is held in the low half of a 64-bit integer. The high halves may hold anything, as the
products read low halves only. So a compiler turns a round into a few instructions per eight
counters.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit
from scbsim.kernels.types import Counter, Int, Key, Lane

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)

NOISE_A = 1
NOISE_V = 2
COLLAPSED_V = 5
COLLAPSED_A = 6
ACTIVATIONS = 7
ACTIVE = 8
SUPPORT = 9
JOINT = 10
JOINT_BLOCKS = 11
JOINT_OUTPUTS = 12
COLUMNS = 13
TOKENS = 16
HEADS = 17
SAMPLED_HEADS = 18
SAMPLED_CONTEXT = 19
SAMPLED_REST = 20
TURNS = 21
DIRECTIONS = 22
ONES = 23


@inline_jit
def philox4x32(c0: Int, c1: Int, c2: Int, c3: Int, k0: Int, k1: Int) -> Lane:
    """Return the four words at a counter ``c`` under a key ``k``; the low 32 bits count."""
    for _ in range(10):
        p0 = _MULTIPLIER_0 * (c0 & _LOW)
        p1 = _MULTIPLIER_1 * (c2 & _LOW)
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1, (p0 >> _HALF) ^ c3 ^ k1, p0
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    return np.uint32(c0), np.uint32(c1), np.uint32(c2), np.uint32(c3)


@inline_jit
def split_seed(seed: Int) -> Key:
    """Return the two words of the key that a 64-bit seed gives."""
    return np.uint64(seed) & _LOW, np.uint64(seed) >> _HALF


@inline_jit
def counter_words(column: Int, step: Int, purpose: int, replica: Int) -> Counter:
    """Return words 1, 2 and 3 of the counter: column, step, purpose and replica."""
    high = (np.uint64(step) >> _HALF) << np.uint64(24)
    c1 = np.uint64(column) | high
    c2 = np.uint64(step) & _LOW
    c3 = np.uint64(purpose) << np.uint64(24) | np.uint64(replica)
    return c1, c2, c3
