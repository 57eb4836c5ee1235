"""The random stream of docs/model.md, section 7, in NumPy."""

import numpy as np


def rotated(x, left):
    return x << np.uint32(left) | x >> np.uint32(32 - left)


def words_and_thirds(state, n):
    """n words of xoshiro128++ from states, (4, lanes) uint32, and the third word before each."""
    a, b, c, d = (word.copy() for word in state)
    found, thirds = [], []
    for _ in range(n):
        found.append(rotated(a + d, 7) + a)
        thirds.append(c.copy())
        t = b << np.uint32(9)
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= t
        d = rotated(d, 11)
    return np.array(found), np.array(thirds)


def xoshiro(state, n):
    """n words of xoshiro128++ from states, (4, lanes) uint32: (n, lanes), in NumPy."""
    return words_and_thirds(state, n)[0]
