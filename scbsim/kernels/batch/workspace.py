"""The arrays of a step on real batches: `docs/model.md`, section 8. All are changed in place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from scbsim.kernels.gaussian.state import Attention, Value
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.types import F64, I64, U32, Floats, Tokens

PAD = 16
"""Rows of the samples' vectors are padded to a multiple of this: loops have no remainder."""

TILE = 512
"""Positions of a column whose gradient is summed at once, if the round's tokens are stored."""

TABLES = 4
"""Tables that tokens are added to in turn, so that one addition need not wait for the last."""

_SAMPLES = 4096  # at most in a round
_VALUES = 2**20  # at most in u, r and w of a round together, so that they stay in the cache
_TOKENS = 2**22  # at most stored of a round; if there are more, each is drawn again when needed


class Learner(NamedTuple):
    """The state that a step on real batches changes.

    Attributes
    ----------
    A : Attention
    V : Value
    sums : (N,) float64
        ``1'a_k``.
    logits : (N, T)
        Those of softmax attention, by columns of A; (0, 0) for linear attention.
    mean : (N,) float64
        ``V mu``.
    """

    A: Attention
    V: Value
    sums: F64
    logits: Floats
    mean: F64


class Work(NamedTuple):
    """The arrays of a step.

    N' is N rounded up to a multiple of 16. A batch is handled in rounds of R samples. The "type of
    A" is float32 or float64.

    Attributes
    ----------
    full : (N, T) of the type of A
        ``a_k``, by columns of A.
    gradient : (N, T) of the type of A
        Sums of ``w_{x_t}`` over the samples with query k.
    V, transposed : (N, N') of the type of A
        V and its transpose, zeros beyond N.
    u, r, w : (R, N') of the type of A
        ``X a_k``, ``V u - e_o`` and ``V' r`` of each sample, zeros beyond N.
    of_V : (N, N') float64
        Sum over samples of ``r u'``.
    row : (N, N') of the type of A
        The same for one round.
    tokens : (R T,) uint16
        The round's tokens; (0,) if they are not stored but drawn again.
    heads : (3, R) int64
        Queries, source positions, outputs.
    order : (R,) int64
        Samples of the round, sorted by query.
    first : (N + 1,) int64
        Where each query begins in ``order``.
    counts : (N,) int64
        Samples of each query in the batch.
    words : (shares, BLOCK) uint32
    drawn : (shares, BLOCK) uint16
    tables : (shares, 4 N') of the type of A
    sums : (shares, BLOCK) of the type of A
    wide : (shares, BLOCK) float64
    batch_size : int64
        Samples of a step.
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
    batch_size: int


def round_size(N: int, batch_size: int) -> int:
    """Return the samples of a round. It changes the bits, so it must not depend on threads."""
    return int(max(1, min(batch_size, _SAMPLES, max(64, _VALUES // (3 * N)))))


def work_bytes(N: int, T: int, batch_size: int, itemsize: int) -> int:
    """Return roughly how many bytes the arrays take."""
    R, padded = round_size(N, batch_size), -(-N // PAD) * PAD
    kept = 2 * R * T if R * T <= _TOKENS else 0
    return 2 * N * T * itemsize + 3 * (R + N) * padded * itemsize + 8 * N * padded + kept + 40 * R


def make_work(N: int, T: int, batch_size: int, dtype: DTypeLike, shares: int) -> Work:
    """Allocate the arrays; a thread takes a share."""
    R, padded = round_size(N, batch_size), -(-N // PAD) * PAD
    # Samples so short that several share a block of words are always stored: see `tokens`.
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
        batch_size=batch_size,
    )
