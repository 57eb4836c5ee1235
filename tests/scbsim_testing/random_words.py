"""The random stream of docs/model.md, section 7, in NumPy."""

import numpy as np


def xoshiro(state, n):
    """n words of xoshiro128++ from states, (4, lanes) uint32: (n, lanes), in NumPy."""

    def rotated(x, left):
        return x << np.uint32(left) | x >> np.uint32(32 - left)

    a, b, c, d = (word.copy() for word in state)
    found = []
    for _ in range(n):
        found.append(rotated(a + d, 7) + a)
        t = b << np.uint32(9)
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= t
        d = rotated(d, 11)
    return np.array(found)
