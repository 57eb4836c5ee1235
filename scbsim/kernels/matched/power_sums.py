"""Sums of third and fourth powers of A off the support, column by column.

Only the update of matched noise levels needs them. The step before an update takes them of each
block (`gaussian.dense_attention`); of a state that no such step has made they are taken here, in a
pass over the bulk, to the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import prange

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel, parallel_jit
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import F64, I64, Floats, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Attention, Scratch

_LANES = np.uint64(BLOCK // 4)


@inline_jit
def _powers(s: Floats, rows: Int, sum_3: Floats, sum_4: Floats) -> None:
    for i in range(np.uint64(rows)):
        a, b = s[i], s[i + _LANES]
        c, d = s[i + np.uint64(2) * _LANES], s[i + np.uint64(3) * _LANES]
        aa, bb, cc, dd = a * a, b * b, c * c, d * d
        sum_3[i] = (aa * a + bb * b) + (cc * c + dd * d)
        sum_4[i] = (aa * aa + bb * bb) + (cc * cc + dd * dd)


@internal_jit
def sum_powers(s: Floats, rows: Int, scratch: tuple[Floats, Floats], sums: F64) -> None:
    """Write the sums of third and fourth powers of a block to ``sums[2:4]``."""
    sum_3, sum_4 = scratch
    _powers(s, rows, sum_3, sum_4)
    sums[2] = np.float64(pairwise_sum(sum_3[:rows]))
    sums[3] = np.float64(pairwise_sum(sum_4[:rows]))


@internal_jit
def _sum_block(A: Attention, k: Int, block: Int, own: tuple[Floats, Floats, Floats]) -> None:
    tail, sum_3, sum_4 = own
    start = block * BLOCK
    count = min(BLOCK, A.bulk.shape[1] - start)
    if count == BLOCK:
        s = A.bulk[k, start : start + BLOCK]
    else:
        tail[count:] = tail.dtype.type(0)
        for i in range(count):
            tail[i] = A.bulk[k, start + i]
        s = tail
    sum_powers(s, min(count, BLOCK // 4), (sum_3, sum_4), A.block_sums[k, block])


@internal_jit
def _share(share: Int, shares: Int, A: Attention, S: Scratch) -> None:
    per_column = A.block_sums.shape[1]
    total = A.block_sums.shape[0] * per_column
    own = (S.tail[share], S.sum_1[share], S.sum_2[share])
    for index in range(total * share // shares, total * (share + 1) // shares):
        _sum_block(A, index // per_column, index % per_column, own)


@parallel_jit
def _shares(A: Attention, S: Scratch) -> None:
    shares = S.z.shape[0]
    for share in prange(shares):
        _share(np.int64(share), np.int64(shares), A, S)


@kernel
def powers_of_bulk(A: Attention, S: Scratch, taken: bool, powers: F64) -> None:
    """Write the sums of ``s^3`` and ``s^4`` over each row of the bulk to ``powers``, (N, 2).

    ``taken`` says that the last step has taken those of each block.
    """
    if not taken:
        if S.z.shape[0] > 1:
            _shares(A, S)
        else:
            _share(np.int64(0), np.int64(1), A, S)
    for k in range(powers.shape[0]):
        powers[k, 0], powers[k, 1] = 0.0, 0.0
        for block in range(A.block_sums.shape[1]):
            powers[k, 0] += A.block_sums[k, block, 2]
            powers[k, 1] += A.block_sums[k, block, 3]


@kernel
def powers_of_active_set(first: I64, s: Floats, powers: F64) -> None:
    """Do the same for active entries; ``first`` and ``s`` are from one list of `ActiveSet`."""
    for k in range(powers.shape[0]):
        powers[k, 0], powers[k, 1] = 0.0, 0.0
        for i in range(first[k], first[k + 1]):
            square = s[i] * s[i]
            powers[k, 0] += square * s[i]
            powers[k, 1] += square * square
