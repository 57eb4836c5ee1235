"""NumPy with Intel's generator (`mkl_random`), in pieces that stay in the cache.

Its normals are float64 (ICDF, the fastest of its methods) of the fastest of its generators here.
In float32 they are rounded as they are multiplied, which is the cheapest way.
"""

import mkl_random
import numpy as np

from scbsim.benchmark.peers import AMPLITUDE, in_numpy


class Peer(in_numpy.Peer):
    """As NumPy's, with other normals."""

    PIECE_BYTES = 2**15

    def __init__(self, rule, shape, dtype, threads, call):
        super().__init__(rule, shape, dtype, threads, call)
        state = mkl_random.MKLRandomState
        self.states = [state(1, brng=("MT2203", i)) for i in range(threads)]

    def draw(self, thread, z):
        """Write noise to z."""
        drawn = self.states[thread].standard_normal(z.size, method="ICDF")
        np.multiply(drawn, AMPLITUDE, out=z, casting="same_kind")
