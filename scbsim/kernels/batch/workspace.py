"""What a step on real batches works with: `docs/model.md`, section 8. All is changed in place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.types import F64, I64, U32, Floats, Tokens

PAD = 16
"""Rows of the samples' vectors are as long as a multiple of this, so that no loop has a rest."""

TILE = 512
"""Positions of a column whose gradient is collected at once, where tokens are at hand."""

TABLES = 4
"""Tables that tokens are added to in turn, so that one addition need not wait for the last."""

_SAMPLES = 4096
_VALUES = 2**20  # of a round's samples in u, r and w together, so that they stay in the cache
_TOKENS = 2**22  # that are kept of a round; of more, each is drawn again where it is needed


class Work(NamedTuple):
    """Arrays of a step; N' is N up to a multiple of 16, and R the samples of a round.

    Attributes
    ----------
    full : (N, T) float32 or float64
        ``a_k``, by columns of A.
    gradient : (N, T) of the same
        Sums over the samples with query k of ``w_{x_t}``.
    V, transposed : (N, N') of the same
        V and its transpose, zeros beyond N.
    u, r, w : (R, N') of the same
        ``X a_k``, ``V u - e_o`` and ``V' r`` of each sample, zeros beyond N.
    of_V : (N, N') float64
        Sum over samples of ``r u'``.
    row : (N, N') of the matrices' type
        The same of one round.
    tokens : (R T,) uint16
        Of a round, or (0,) where they are drawn again.
    heads : (3, R) int64
        Queries, source positions, outputs.
    order : (R,) int64
        Samples of the round, by query.
    first : (N + 1,) int64
        Where those of each query begin in it.
    counts : (N,) int64
        Samples of each query in the batch.
    words : (shares, BLOCK) uint32
    drawn : (shares, BLOCK) uint16
    tables : (shares, 4 N') of the matrices' type
    sums : (shares, BLOCK) of the matrices' type
    wide : (shares, BLOCK) float64
    """

    full: Floats
    gradient: Floats
    V: Floats
    transposed: Floats
    u: Floats
    r: Floats
    w: Floats
    of_V: F64
    row: Floats
    tokens: Tokens
    heads: I64
    order: I64
    first: I64
    counts: I64
    words: U32
    drawn: Tokens
    tables: Floats
    sums: Floats
    wide: F64


def round_size(N: int, batch_size: int) -> int:
    """Return how many samples are taken together: it changes the bits, so threads have no say."""
    return int(max(1, min(batch_size, _SAMPLES, max(64, _VALUES // (3 * N)))))


def work_bytes(N: int, T: int, batch_size: int, itemsize: int) -> int:
    """Return about how many bytes the arrays take."""
    R, padded = round_size(N, batch_size), -(-N // PAD) * PAD
    kept = 2 * R * T if R * T <= _TOKENS else 0
    return 2 * N * T * itemsize + 3 * (R + N) * padded * itemsize + 8 * N * padded + kept + 40 * R


def make_work(N: int, T: int, batch_size: int, dtype: DTypeLike, shares: int) -> Work:
    """Allocate the arrays for a number of shares."""
    R, padded = round_size(N, batch_size), -(-N // PAD) * PAD
    # Samples that share a block of words are not drawn one by one, and are never so long.
    kept = R * T if R * T <= _TOKENS or T <= BLOCK // 2 else 0
    return Work(
        full=np.zeros((N, T), dtype),
        gradient=np.zeros((N, T), dtype),
        V=np.zeros((N, padded), dtype),
        transposed=np.zeros((N, padded), dtype),
        u=np.zeros((R, padded), dtype),
        r=np.zeros((R, padded), dtype),
        w=np.zeros((R, padded), dtype),
        of_V=np.zeros((N, padded)),
        row=np.zeros((N, padded), dtype),
        tokens=np.zeros(kept, np.uint16),
        heads=np.zeros((3, R), np.int64),
        order=np.zeros(R, np.int64),
        first=np.zeros(N + 1, np.int64),
        counts=np.zeros(N, np.int64),
        words=np.zeros((shares, BLOCK), np.uint32),
        drawn=np.zeros((shares, BLOCK), np.uint16),
        tables=np.zeros((shares, TABLES * padded), dtype),
        sums=np.zeros((shares, BLOCK), dtype),
        wide=np.zeros((shares, BLOCK)),
    )
