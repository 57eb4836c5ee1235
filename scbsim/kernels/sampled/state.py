"""What a step on sampled gradients reads and writes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.allocate import aligned_zeros, row_length
from scbsim.kernels.batch.tokens import AliasTables
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.types import F64, U32, Int

HEAD = 7
"""Words of a sample before those of its support: query, source, output, and four of a normal."""

_MOST_GROUPS = 32
_FEWEST_SAMPLES = 64
_MOST_ENTRIES = 2**22


class SampledState(NamedTuple):
    """The state that the samples of a batch see: of A two numbers a column beside the support.

    Attributes
    ----------
    support : (N, Q) float64
        ``s_k`` at the positions of ``q_k``.
    along : (N,) float64
        Off the support, the component of ``s_k`` along the vector of ones:
        ``sum s_kt / sqrt(n)``, ``n = T - Q``.
    square : (N,) float64
        Off the support, the squared length of what is at right angles to the ones.
    cosine, since, free : float64 arrays
        As in `gaussian.off_support.OffSupport`.
    W : (N, N) float64
    root_mu : (N,) float64
        ``sqrt(mu)``. Not changed.
    mean : (N,) float64
        ``V mu``. Not changed.
    T : float64
    """

    support: F64
    along: F64
    square: F64
    cosine: F64
    since: F64
    free: F64
    W: F64
    root_mu: F64
    mean: F64
    T: float


class SampleSums(NamedTuple):
    """Sums over the samples of a batch, and buffers.

    The samples are cut into groups, by the sizes of the task and of the batch alone. Each group is
    summed by itself, so that the bits do not depend on the number of threads.

    Attributes
    ----------
    support : (groups, N, Q) float64
        Of the gradients at the entries of the support.
    along : (groups, N) float64
        Of the gradient's component along ``a_k``, off the support.
    square : (groups, N) float64
        Of the mean square of the gradient's entries off the support.
    fourth : (groups, N) float64
        Of the squared mean square of a sample's own.
    of_V : (groups, N, N) float64
        Of the gradients of W.
    transposed : (N, N) float64
        ``W'``.
    inverse : (N,) float64
        ``1 / sqrt(mu)``.
    z : (shares, m BLOCK) float64
        Normals of some samples, m blocks.
    words : (shares, 2 BLOCK) uint32
    heads : (shares, l BLOCK) uint32
        Words of query, source, output and support of some samples, l blocks.
    u, r, w : (shares, N') float64
        N' is at least N, such that no two rows share a cache line.
    """

    support: F64
    along: F64
    square: F64
    fourth: F64
    of_V: F64
    transposed: F64
    inverse: F64
    z: F64
    words: U32
    heads: U32
    u: F64
    r: F64
    w: F64


class Batch(NamedTuple):
    """How a batch is drawn, and its sums."""

    size: int  # at most
    together: int  # samples of a block of random numbers
    alias: AliasTables
    sums: SampleSums


def groups_of(N: Int, batch: Int) -> int:
    """Return into how many groups the samples of a batch are cut."""
    return int(max(1, min(_MOST_GROUPS, batch // _FEWEST_SAMPLES, _MOST_ENTRIES // (N * N))))


def sums_bytes(N: int, batch: int) -> int:
    """Return about how many bytes the sums take."""
    return 8 * N * N * (groups_of(N, batch) + 1)


def make_sums(mu: F64, Q: int, batch: int, threads: int) -> SampleSums:
    """Allocate the sums, and the buffers of each thread."""
    N = mu.size
    groups = groups_of(N, batch)
    shares = max(1, min(threads, groups))
    return SampleSums(
        support=aligned_zeros((groups, N, Q)),
        along=aligned_zeros((groups, N)),
        square=aligned_zeros((groups, N)),
        fourth=aligned_zeros((groups, N)),
        of_V=aligned_zeros((groups, N, N)),
        transposed=aligned_zeros((N, N)),
        inverse=1.0 / np.sqrt(mu),
        z=aligned_zeros((shares, -(-N // BLOCK) * BLOCK)),
        words=aligned_zeros((shares, 2 * BLOCK), np.uint32),
        heads=aligned_zeros((shares, -(-(Q + HEAD) // BLOCK) * BLOCK), np.uint32),
        u=aligned_zeros((shares, row_length(N))),
        r=aligned_zeros((shares, row_length(N))),
        w=aligned_zeros((shares, row_length(N))),
    )


def samples_a_block(N: int, Q: int) -> int:
    """Return how many samples share the blocks of normals and of words."""
    return max(1, BLOCK // max(N, Q + HEAD))
