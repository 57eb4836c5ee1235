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
from scbsim.kernels.random.normal import BLOCK, LANES, ROW, row_on_stack
from scbsim.kernels.random.row_sums import add_up, clear_row
from scbsim.kernels.types import F64, I64, Floats, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Attention, Scratch


@inline_jit
def _powers(s: Floats, rows: np.uint64, own: Floats) -> None:
    sums = row_on_stack(own)
    clear_row(sums)
    for row in range(rows):
        at = row * np.uint64(ROW)
        for i in range(LANES):
            a, b = s[at + i], s[at + i + LANES]
            aa, bb = a * a, b * b
            third, fourth = sums[i] + aa * a, sums[i + LANES] + aa * aa
            sums[i] = third + bb * b
            sums[i + LANES] = fourth + bb * bb
    add_up(sums, own)


@internal_jit
def sum_powers(s: Floats, rows: np.uint64, own: Floats, sums: F64) -> None:
    """Write the sums of third and fourth powers of the rows of a block to ``sums[2:4]``."""
    _powers(s, rows, own)
    sums[2], sums[3] = np.float64(own[0]), np.float64(own[1])


@internal_jit
def _sum_block(A: Attention, k: Int, block: Int, own: tuple[Floats, Floats]) -> None:
    tail, sums = own
    start = block * BLOCK
    count = min(BLOCK, A.bulk.shape[1] - start)
    if count == BLOCK:
        s = A.bulk[k, start : start + BLOCK]
    else:
        tail[count:] = tail.dtype.type(0)
        for i in range(count):
            tail[i] = A.bulk[k, start + i]
        s = tail
    sum_powers(s, np.uint64((count + ROW - 1) // ROW), sums, A.block_sums[k, block])


@internal_jit
def _share(share: Int, shares: Int, A: Attention, S: Scratch) -> None:
    per_column = A.block_sums.shape[1]
    total = A.block_sums.shape[0] * per_column
    own = (S.tail[share], S.sums[share])
    for index in range(total * share // shares, total * (share + 1) // shares):
        _sum_block(A, index // per_column, index % per_column, own)


@parallel_jit
def _shares(A: Attention, S: Scratch) -> None:
    shares = S.z.shape[0]
    for share in prange(shares):
        _share(np.int64(share), np.int64(shares), A, S)


@internal_jit
def write_powers(A: Attention, S: Scratch, taken: bool, powers: F64) -> None:
    """Do :func:`powers_of_bulk`, whose parameters these are."""
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
def powers_of_bulk(A: Attention, S: Scratch, taken: bool, powers: F64) -> None:
    """Write the sums of ``s^3`` and ``s^4`` over each row of the bulk to ``powers``, (N, 2).

    ``taken`` says that the last step has taken those of each block.
    """
    write_powers(A, S, taken, powers)


@kernel
def powers_of_active_set(first: I64, s: Floats, powers: F64) -> None:
    """Do the same for active entries; ``first`` and ``s`` are from one list of `ActiveSet`."""
    for k in range(powers.shape[0]):
        powers[k, 0], powers[k, 1] = 0.0, 0.0
        for i in range(first[k], first[k + 1]):
            square = s[i] * s[i]
            powers[k, 0] += square * s[i]
            powers[k, 1] += square * square
