"""The arrays of a step on real batches: `docs/model.md`, section 8. All are changed in place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from scbsim.kernels.allocate import aligned_zeros
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
    """The state that a step on real batches changes."""

    A: Attention
    V: Value
    sums: F64  # (N,): 1'a_k
    logits: Floats  # (N, T): those of softmax attention, by columns of A; (0, 0) for linear
    mean: F64  # (N,): V mu


class Work(NamedTuple):
    """The arrays of a step.

    N' is N rounded up to a multiple of 16. A batch is handled in rounds of R samples. ``Floats``
    are float32 or float64, as A is; rows of length N' are 0 beyond N.
    """

    full: Floats  # (N, T): a_k, by columns of A
    gradient: Floats  # (N, T): sums of w_{x_t} over the samples with query k
    V: Floats  # (N, N')
    transposed: Floats  # (N, N'): V'
    u: Floats  # (R, N'): X a_k of each sample
    r: Floats  # (R, N'): V u - e_o
    w: Floats  # (R, N'): V' r
    of_V: F64  # (N, N'): sum over samples of r u'
    row: Floats  # (N, N'): the same for one round
    tokens: Tokens  # (R T,), `token_type`: the round's; (0,) if not stored but drawn again
    heads: I64  # (3, R): queries, source positions, outputs
    order: I64  # (R,): samples of the round, sorted by query
    first: I64  # (N + 1,): where each query begins in `order`
    counts: I64  # (N,): samples of each query in the batch
    words: U32  # (shares, BLOCK)
    drawn: Tokens  # (shares, BLOCK), of `token_type`
    tables: Floats  # (shares, 4 N')
    sums: Floats  # (shares, BLOCK)
    wide: F64  # (shares, BLOCK)
    batch_size: int  # samples of a step, at most


def token_type(N: int) -> np.dtype[Any]:
    """Return the smallest unsigned type that holds the tokens."""
    return np.min_scalar_type(N - 1)


def round_size(N: int, batch_size: int) -> int:
    """Return the samples of a round. It changes the bits, so it must not depend on threads."""
    return int(max(1, min(batch_size, _SAMPLES, max(64, _VALUES // (3 * N)))))


def work_bytes(N: int, T: int, batch_size: int, itemsize: int) -> int:
    """Return roughly how many bytes the arrays take."""
    R, padded = round_size(N, batch_size), -(-N // PAD) * PAD
    kept = token_type(N).itemsize * R * T if R * T <= _TOKENS else 0
    return 2 * N * T * itemsize + 3 * (R + N) * padded * itemsize + 8 * N * padded + kept + 40 * R


def make_work(N: int, T: int, batch_size: int, dtype: DTypeLike, shares: int) -> Work:
    """Allocate the arrays; a thread takes a share."""
    R, padded = round_size(N, batch_size), -(-N // PAD) * PAD
    # Samples so short that several share a block of words are always stored: see `tokens`.
    kept = R * T if R * T <= _TOKENS or T <= BLOCK // 2 else 0
    return Work(
        full=aligned_zeros((N, T), dtype),
        gradient=aligned_zeros((N, T), dtype),
        V=aligned_zeros((N, padded), dtype),
        transposed=aligned_zeros((N, padded), dtype),
        u=aligned_zeros((R, padded), dtype),
        r=aligned_zeros((R, padded), dtype),
        w=aligned_zeros((R, padded), dtype),
        of_V=aligned_zeros((N, padded)),
        row=aligned_zeros((N, padded), dtype),
        tokens=aligned_zeros(kept, token_type(N)),
        heads=aligned_zeros((3, R), np.int64),
        order=aligned_zeros(R, np.int64),
        first=aligned_zeros(N + 1, np.int64),
        counts=aligned_zeros(N, np.int64),
        words=aligned_zeros((shares, BLOCK), np.uint32),
        drawn=aligned_zeros((shares, BLOCK), token_type(N)),
        tables=aligned_zeros((shares, TABLES * padded), dtype),
        sums=aligned_zeros((shares, BLOCK), dtype),
        wide=aligned_zeros((shares, BLOCK)),
        batch_size=batch_size,
    )
