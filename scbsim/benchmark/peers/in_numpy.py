"""NumPy: in place, in pieces that stay in the cache, its fastest generator, a thread for a share.

Nothing is allocated in the loop: temporaries of this size are mapped and unmapped each time, and
threads then wait for one another.
"""

import numpy as np

from scbsim.benchmark.peers import AMPLITUDE, DECAY, LEVEL


class Peer:
    """`call(function, rows)` runs ``function(thread, first, last)`` on equal shares of the rows."""

    PIECE_BYTES = 2**16

    def __init__(self, rule, shape, dtype, threads, call):
        self.rule, self.call = rule, call
        self.s = np.zeros(shape, dtype)
        self.sums = np.zeros((shape[0], 2))
        self.piece = self.PIECE_BYTES // self.s.itemsize
        self.scratch = np.zeros((threads, 2, self.piece), dtype)
        self.random = [np.random.Generator(np.random.SFC64(i)) for i in range(threads)]

    def draw(self, thread, z):
        """Write noise to z."""
        self.random[thread].standard_normal(out=z, dtype=z.dtype)
        z *= z.dtype.type(AMPLITUDE)

    def step(self):
        self.call(self.rows, len(self.s))

    def rows(self, thread, first, last):
        real = self.s.dtype.type
        decay, threshold = real(DECAY), real(LEVEL)
        for k in range(first, last):
            total, squares = 0.0, 0.0
            for start in range(0, self.s.shape[1], self.piece):
                s = self.s[k, start : start + self.piece]
                z, cut = self.scratch[thread, :, : s.size]
                self.draw(thread, z)
                if self.rule == "denoise":
                    np.multiply(s, decay, out=cut)
                    z += cut
                    s -= z
                    np.clip(z, -threshold, threshold, out=cut)
                    s += cut
                else:
                    s *= real(1) - decay
                    s -= z
                    if self.rule == "prox":
                        np.clip(s, -threshold, threshold, out=cut)
                        s -= cut
                total += s.sum()
                squares += s @ s
            self.sums[k] = total, squares
