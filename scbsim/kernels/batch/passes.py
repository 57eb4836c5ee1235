"""The two passes over the samples of a round, and their gradient of V: `docs/model.md`, 8.

The first pass computes ``u``, ``r`` and ``w`` of every sample; a thread takes some of the samples.
The second sums the gradient of A; a thread takes some tiles of columns, and for each goes through
the samples with that query in order. So sums have the same order for any number of threads, and no
two threads write to the same entry.
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
from scbsim.kernels.types import Int, Part, Stream

_i64, _u64 = np.int64, np.uint64


@internal_jit
def _finish_samples(begin: Int, end: Int, work: Work) -> None:
    """Compute ``r`` and ``w`` of samples from their ``u`` and outputs."""
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
    """Draw one share of a round; of the samples only the heads if tokens are not stored."""
    heads = work.heads
    if work.tokens.size > 0:
        draw_share((share, shares, size), work.tokens, heads, first, alias, stream, work.words)
    else:
        begin, end = share_of(share, shares, size, first, alias)
        none = work.tokens[:0]
        fill_heads(heads, (begin, end), none, _u64(first) + _u64(begin), alias, stream)


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
    """Draw one share of a round's samples, and compute their ``u``, ``r`` and ``w``.

    Parameters
    ----------
    share, shares : int64
        The share, and their number.
    size : int64
        Samples of the round.
    first : uint64
        Number of the first.
    """
    begin, end = share_of(share, shares, size, first, alias)
    _draw(share, shares, size, first, work, alias, stream)
    pass_over((begin, end), share, first, work, alias, stream)


@internal_jit
def pass_over(
    part: Part, share: Int, first: np.uint64, work: Work, alias: AliasTables, stream: Stream
) -> None:
    """Compute ``u``, ``r`` and ``w`` of samples whose heads are there; ``part`` is their range."""
    begin, end = part
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
                fill_tokens(
                    drawn, _i64(0), work.words[share], (_i64(0), count), (number, j), alias, stream
                )
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
    """Sort the samples of a round by query, and add them to the counts of the batch."""
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
def _add_gradients(
    tile: tuple[Int, Int, Int],
    share: Int,
    first: np.uint64,
    work: Work,
    alias: AliasTables,
    stream: Stream,
) -> None:
    """Add to the gradient at a tile (k, start, count) of column k, sample by sample."""
    N, T = work.full.shape
    drawn = work.drawn[share]
    k, start, count = tile
    g = work.gradient[k, start : start + count]
    for i in range(work.first[k], work.first[k + 1]):
        b = work.order[i]
        if work.tokens.size > 0:
            x = work.tokens[b * T + start : b * T + start + count]
        else:
            address = (_u64(first) + _u64(b), start // BLOCK)
            fill_tokens(drawn, _i64(0), work.words[share], (_i64(0), count), address, alias, stream)
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
    """Sum one share of the gradient of A; ``begin`` is true in the first round of a batch."""
    N, T = work.full.shape
    length = TILE if work.tokens.size > 0 else BLOCK
    total, before = work.first[N] * T, 0
    for k in range(N):
        samples = work.first[k + 1] - work.first[k]
        for start in range(0, T, length):
            count = min(length, T - start)
            # With all work in a row and cut into equal shares: the share at this tile's middle.
            middle = 2 * before + samples * count
            before += samples * count
            if min(middle * shares // (2 * total), shares - 1) != share:
                continue
            if begin:
                work.gradient[k, start : start + count] = 0.0
            _add_gradients((k, start, count), share, first, work, alias, stream)


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
