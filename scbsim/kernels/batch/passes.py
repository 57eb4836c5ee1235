"""The two passes over the samples of a round, and what of it goes to V: `docs/model.md`, 8.

First every sample's ``u``, ``r`` and ``w``, samples shared out; then the gradient of each column,
stretches of columns shared out, each going through the samples of its query in their order. So
sums have one order on any number of threads, and nothing is added to by two of them.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.batch.sampler import draw_share, share_of
from scbsim.kernels.batch.scatter import FEW, add_by_token, add_entries
from scbsim.kernels.batch.tokens import AliasTables, fill_heads, fill_tokens
from scbsim.kernels.batch.workspace import TABLES, TILE, Work
from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.simd.matmul import multiply
from scbsim.kernels.types import Int, Stream

_u64 = np.uint64


@internal_jit
def _finish_samples(begin: Int, end: Int, work: Work) -> None:
    """Find the ``r`` and ``w`` of samples from their ``u`` and their outputs."""
    N, one = work.V.shape[0], work.r.dtype.type(1)
    multiply(work.r, work.u, (begin, end), N, False, work.transposed)
    for b in range(begin, end):
        work.r[b, work.heads[2, b]] -= one
    multiply(work.w, work.r, (begin, end), N, False, work.V)


@internal_jit
def _draw(
    share: Int,
    shares: Int,
    size: Int,
    first: np.uint64,
    work: Work,
    alias: AliasTables,
    stream: Stream,
) -> None:
    """Draw one share of a round: all of it where tokens are kept, and the heads elsewhere."""
    heads = work.heads[:, :size]
    if work.tokens.size > 0:
        draw_share(share, shares, work.tokens, heads, first, alias, stream, work.words)
    else:
        begin, end = share_of(share, shares, size, first, alias)
        none = work.tokens[:0]
        fill_heads(heads[:, begin:end], none, _u64(first) + _u64(begin), alias, stream)


@internal_jit
def first_pass(
    share: Int,
    shares: Int,
    size: Int,
    first: np.uint64,
    work: Work,
    alias: AliasTables,
    stream: Stream,
) -> None:
    """Draw one share of a round's samples, and find their ``u``, ``r`` and ``w``.

    Parameters
    ----------
    share, shares : int64
    size : int64
        Samples of the round.
    first : uint64
        Number of the first.
    work : Work
    alias : AliasTables
    stream : (key word 0, key word 1, replica)
    """
    begin, end = share_of(share, shares, size, first, alias)
    _draw(share, shares, size, first, work, alias, stream)
    N, T = work.full.shape
    tables, drawn, sums = work.tables[share], work.drawn[share], work.sums[share]
    padded = work.u.shape[1]
    for b in range(begin, end):
        u, a = work.u[b], work.full[work.heads[0, b]]
        u[:] = 0.0
        tables[:] = 0.0
        for j in range((T + BLOCK - 1) // BLOCK):
            start = j * BLOCK
            count = min(BLOCK, T - start)
            if work.tokens.size > 0:
                x = work.tokens[b * T + start : b * T + start + count]
            else:
                number = _u64(first) + _u64(b)
                fill_tokens(drawn, 0, work.words[share], (0, count), (number, j), alias, stream)
                x = drawn[:count]
            add_by_token(u, tables, x, a[start : start + count], N, sums)
        if N > FEW:
            p, q = tables[:padded], tables[padded : 2 * padded]
            s, t = tables[2 * padded : 3 * padded], tables[3 * padded : TABLES * padded]
            for i in range(_u64(padded)):
                u[i] = (p[i] + q[i]) + (s[i] + t[i])
    _finish_samples(begin, end, work)


@internal_jit
def sort_by_query(size: Int, work: Work) -> None:
    """Put the samples of a round in order of their queries, and count them."""
    first, query = work.first, work.heads[0]
    first[:] = 0
    for b in range(size):
        first[query[b] + 1] += 1
    for k in range(work.counts.size):
        work.counts[k] += first[k + 1]
        first[k + 1] += first[k]
    for b in range(size):
        k = query[b]
        work.order[first[k]] = b
        first[k] += 1
    for k in range(work.counts.size, 0, -1):
        first[k] = first[k - 1]
    first[0] = 0


@internal_jit
def _collect(
    k: Int,
    start: Int,
    count: Int,
    share: Int,
    first: np.uint64,
    work: Work,
    alias: AliasTables,
    stream: Stream,
) -> None:
    """Add to the gradient of a part of column k, sample by sample."""
    N, T = work.full.shape
    drawn = work.drawn[share]
    g = work.gradient[k, start : start + count]
    for i in range(work.first[k], work.first[k + 1]):
        b = work.order[i]
        if work.tokens.size > 0:
            x = work.tokens[b * T + start : b * T + start + count]
        else:
            address = (_u64(first) + _u64(b), start // BLOCK)
            fill_tokens(drawn, 0, work.words[share], (0, count), address, alias, stream)
            x = drawn[:count]
        add_entries(g, x, work.w[b], N)


@internal_jit
def second_pass(
    share: Int,
    shares: Int,
    begin: Int,
    first: np.uint64,
    work: Work,
    alias: AliasTables,
    stream: Stream,
) -> None:
    """Collect one share of the columns' gradients; parameters as :func:`first_pass`.

    Parameters
    ----------
    begin : bool
        Whether this is the first round of a batch.
    """
    N, T = work.full.shape
    tile = TILE if work.tokens.size > 0 else BLOCK
    total, before = work.first[N] * T, 0
    for k in range(N):
        samples = work.first[k + 1] - work.first[k]
        for start in range(0, T, tile):
            count = min(tile, T - start)
            # To whom the middle of its work falls, of all work in a row.
            middle = 2 * before + samples * count
            before += samples * count
            if min(middle * shares // (2 * total), shares - 1) != share:
                continue
            if begin:
                work.gradient[k, start : start + count] = 0.0
            _collect(k, start, count, share, first, work, alias, stream)


@internal_jit
def collect_V(share: Int, shares: Int, size: Int, begin: Int, work: Work) -> None:
    """Add ``r u'`` of a round's samples to one share of the rows of V's gradient."""
    N = work.V.shape[0]
    rows = (N * share // shares, N * (share + 1) // shares)
    multiply(work.row, work.r, rows, size, True, work.u)
    for n in range(rows[0], rows[1]):
        row, total = work.row[n], work.of_V[n]
        for i in range(_u64(row.size)):
            total[i] = row[i] if begin else total[i] + row[i]
