"""The arrays of noise with covariances: its law, and what a step draws from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.allocate import aligned_zeros
from scbsim.kernels.simd.intrinsics import LANES
from scbsim.kernels.simd.matmul import packed_shape, padded
from scbsim.kernels.types import F64

BLOCK_COLUMNS = 32
"""Columns of the covariance of W that are factorised at a time, a multiple of 16."""


class JointNoise(NamedTuple):
    """The noise that A and V share: `docs/model.md`, section 5b.

    The first four arrays are the law, and part of a run's state.
    """

    # (N, Q + 2, Q + 3): of each column the mean of y, then the Cholesky factor of its covariance,
    # both times 1/sqrt(batch)
    factors: F64
    level: F64  # (N,): level of the independent noise along a_k off the support
    # (width, width): lower triangular L with ``X = L L'``, padded with zeros; width is N rounded up
    # to a multiple of 16
    shape: F64
    # (5,): the lower triangular factor of [[s_4, -s_3], [-s_3, s_2]] by rows; sqrt(s_2); and the
    # level that the noise of W is multiplied by
    mix: F64
    root_P: F64  # (N, N): square roots of the transition probabilities; not changed

    # of A
    mean: F64  # scratch, (Q + 2,): of the y of a column
    second: F64  # scratch, (Q + 2, Q + 2): its second moments, in the lower half
    # (N, Q + 4): normals; then in columns 1 to Q + 2 the noise of y, and in the last a spare normal
    y: F64
    intercepts: F64  # (N,): c_k
    along: F64  # (N,): noise along the unit vector of a_k off the support
    drift: F64  # (N,): what is added to the gradient of every entry off the support
    blocks: F64  # (N, blocks): the part of each block of the bulk in the product with a_k
    squares: F64  # scratch, (blocks,)

    # of W
    block: F64  # scratch, (32, width + 16): rows of the covariance as they are factorised
    common: F64  # packed, (panels, N, 16): normals of the covariance common to all columns
    outputs: F64  # (N + 2, N): normals of the outputs; then of V and of its target in each column
    of_columns: F64  # (3, N): factors of V and of its target in each column; sums of outputs
    of_W: F64  # (N, width): the noise
    products: F64  # (N, 2): each row's products with W and with the target


def make_joint_noise(P: F64, N: int, Q: int, blocks: int) -> JointNoise:
    """Allocate the arrays.

    Parameters
    ----------
    P : (N, N) float64
        The transition matrix; (0, 0) if V is not stored as a matrix.
    N, Q : int
    blocks : int
        Blocks of a column of the bulk; 0 if it is not stored.
    """
    rows, width = len(P), padded(len(P))
    return JointNoise(
        factors=np.zeros((N, Q + 2, Q + 3)),
        level=np.zeros(N),
        shape=aligned_zeros((width, width)),
        mix=np.zeros(5),
        root_P=np.sqrt(P),
        mean=np.zeros(Q + 2),
        second=np.zeros((Q + 2, Q + 2)),
        y=np.zeros((N, Q + 4)),
        intercepts=np.zeros(N),
        along=np.zeros(N),
        drift=np.zeros(N),
        blocks=np.zeros((N, blocks)),
        squares=np.zeros(blocks),
        # Rows of a power of two would share a few places in the cache.
        block=aligned_zeros((BLOCK_COLUMNS, width + LANES)),
        common=aligned_zeros(packed_shape(rows, rows)),
        outputs=aligned_zeros((rows + 2, rows)),
        of_columns=np.zeros((3, rows)),
        of_W=aligned_zeros((rows, width)),
        products=aligned_zeros((rows, 2)),
    )
