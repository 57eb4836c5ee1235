"""The kernel that draws samples into arrays: `docs/model.md`, section 8."""

from __future__ import annotations

import numpy as np
from numba import prange

from scbsim.kernels.batch.tokens import AliasTables, fill_heads, fill_tokens
from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel, parallel_jit
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.random.philox import split_seed
from scbsim.kernels.types import I64, U32, Int, Stream, Tokens

_i64, _u64 = np.int64, np.uint64


@inline_jit
def share_of(
    share: Int, shares: Int, size: Int, first: np.uint64, alias: AliasTables
) -> tuple[Int, Int]:
    """Return the range of a share's samples, cut between blocks so that none is drawn twice."""
    together = _i64(alias.together)
    head = _i64(first % _u64(together))
    groups = (head + size + together - 1) // together
    begin: Int = max(0, groups * share // shares * together - head)
    return begin, min(size, groups * (share + 1) // shares * together - head)


@internal_jit
def draw_share(
    part: tuple[Int, Int, Int],
    tokens: Tokens,
    heads: I64,
    first: np.uint64,
    alias: AliasTables,
    stream: Stream,
    S: U32,
) -> None:
    """Draw samples; parameters as :func:`draw`, and ``tokens`` and ``heads`` may be longer.

    ``part`` is the number of the share, of all shares, and of the samples of all shares.
    """
    share, shares, size = part
    T, together = _i64(alias.T), _i64(alias.together)
    per_sample = (T + BLOCK - 1) // BLOCK
    begin, end = share_of(share, shares, size, first, alias)
    i = begin
    while i < end:
        sample = _u64(first) + _u64(i)
        number = sample // _u64(together)
        inside = _i64(sample - number * _u64(together))
        # Samples that share a group of blocks; all blocks of a group except the last are full.
        some: Int = min(end - i, together - inside)
        for j in range(per_sample):
            head = inside * T
            tail: Int = min((inside + some) * T - j * BLOCK, BLOCK)
            start = i * T + j * BLOCK
            fill_tokens(tokens, start, S[share], (head, tail), (number, j), alias, stream)
        i += some
    drawn = tokens[begin * T : end * T]
    fill_heads(heads, (begin, end), drawn, _u64(first) + _u64(begin), alias, stream)


@parallel_jit
def _draw_shares(
    tokens: Tokens, heads: I64, first: np.uint64, alias: AliasTables, stream: Stream, S: U32
) -> None:
    shares, size = S.shape[0], heads.shape[1]
    for share in prange(shares):
        part = (_i64(share), _i64(shares), _i64(size))
        draw_share(part, tokens, heads, first, alias, stream, S)


@kernel
def draw(
    tokens: Tokens,
    heads: I64,
    first: np.uint64,
    alias: AliasTables,
    seed: np.uint64,
    replica: np.uint64,
    S: U32,
) -> None:
    """Draw samples with consecutive numbers.

    Parameters
    ----------
    tokens : (n T,) unsigned integers
        Receives the tokens, sample by sample.
    heads : (3, n) int64
        Receives queries, source positions and outputs.
    first : uint64
        Number of the first sample.
    S : (shares, BLOCK) uint32
        Scratch; one thread is used for each share.
    """
    k0, k1 = split_seed(seed)
    stream = (k0, k1, replica)
    if S.shape[0] > 1:
        _draw_shares(tokens, heads, first, alias, stream, S)
    else:
        draw_share((_i64(0), _i64(1), _i64(heads.shape[1])), tokens, heads, first, alias, stream, S)
