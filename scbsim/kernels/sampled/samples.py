"""The gradients of a batch, from what their law needs of each sample: `docs/model.md`, section 8.

Of a sample the query, source, output and the tokens on the support are drawn as they are. All
other tokens of its context enter through one vector of N dimensions, which is drawn as normal.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from scbsim.kernels.batch.tokens import AliasTables, token_of
from scbsim.kernels.compile.jit import inline_jit, internal_jit, parallel_jit
from scbsim.kernels.gaussian.off_support import OffSupport, of_column
from scbsim.kernels.random.alias import pick_from
from scbsim.kernels.random.box_muller import pair64
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.philox import SAMPLED_CONTEXT, SAMPLED_HEADS, counter_words, split_seed
from scbsim.kernels.random.xoshiro import WORDS, fill_words
from scbsim.kernels.sampled.state import HEAD, SampledState, SampleSums, groups_of
from scbsim.kernels.types import F64, U32, Address, Int

_i64, _u32, _u64 = np.int64, np.uint32, np.uint64
_LANES = BLOCK // WORDS

_groups = inline_jit(groups_of)
"""By the batch of the step, so that its bits do not depend on the largest batch of the run."""


@internal_jit
def _draw(S: SampleSums, share: Int, block: Int, counts: tuple[Int, Int], at: Address) -> None:
    """Draw the normals and the words of the samples of a block."""
    step, seed, replica = at
    normals, words = counts
    key = split_seed(seed)
    z, heads = S.z[share], S.heads[share]
    counter = counter_words(block, step, SAMPLED_CONTEXT, replica)
    for i in range(0, normals, BLOCK):
        part = z[i : i + BLOCK]
        fill_normals(part, S.words[share], min(BLOCK, normals - i), i // BLOCK, counter, key)
    counter = counter_words(block, step, SAMPLED_HEADS, replica)
    for i in range(0, words, BLOCK):
        calls, lane = min(words - i, BLOCK // 4), _u64(i // BLOCK * _LANES)
        fill_words(heads[i : i + BLOCK], _LANES, calls, lane, counter, key)


@inline_jit
def _context(
    L: SampledState, k: Int, tokens: U32, z: F64, u: F64, inverse: F64
) -> tuple[float, float]:
    """Write ``u~``: the context of a sample in the metric of W, at right angles to ``root_mu``.

    Returns what of z is along ``root_mu``, and the cosine of ``a_k`` and the ones, off the support.
    """
    off = OffSupport(L.along, L.square, L.cosine, L.since, L.free)
    c, ones, square = of_column(off, L.support, k, L.T)
    size = np.sqrt(square)
    dot = 0.0
    for n in range(u.size):
        dot += z[n] * L.root_mu[n]
    total = size * dot
    for j in range(tokens.size):
        total += L.support[k, j] + c
    for n in range(u.size):
        u[n] = size * z[n] - total * L.root_mu[n]
    for j in range(tokens.size):
        m = _i64(tokens[j])
        u[m] += (L.support[k, j] + c) * inverse[m]
    return dot, ones / size if size > 0.0 else 0.0


@internal_jit
def _add_sample(
    L: SampledState,
    S: SampleSums,
    own: tuple[Int, Int],
    head: tuple[Int, Int, float],
    tokens: U32,
    z: F64,
) -> None:
    """Add the gradients of one sample to the sums of its group."""
    group, share = own
    k, output, normal = head
    N = L.root_mu.size
    u, r, w = S.u[share, :N], S.r[share, :N], S.w[share, :N]
    dot, cosine = _context(L, k, tokens, z, u, S.inverse)
    for n in range(N):
        r[n] = L.mean[n]
        w[n] = 0.0
    r[output] -= 1.0
    for m in range(N):
        x, column = u[m], S.transposed[m]
        for n in range(N):
            r[n] += x * column[n]
    for n in range(N):
        y, row, of_V = r[n], L.W[n], S.of_V[group, n]
        for m in range(N):
            w[m] += y * row[m]
            of_V[m] += y * u[m]
    along, square, counts, fourth = 0.0, 0.0, 0.0, 0.0
    for m in range(N):
        x = w[m] * S.inverse[m]
        along += w[m] * z[m]
        square += w[m] * w[m]
        counts += z[m] * w[m] * x
        fourth += w[m] * w[m] * x * x
    # The entries' mean square, given how often each token is there: what the context tells of it,
    # and what it does not.
    counts = cosine * (counts - dot * square)
    counts += np.sqrt(max((1.0 - cosine * cosine) * (fourth - square * square), 0.0)) * normal
    S.along[group, k] += along
    S.square[group, k] += square + counts / np.sqrt(max(L.T - tokens.size, 1.0))
    S.fourth[group, k] += square * square
    for j in range(tokens.size):
        token = _i64(tokens[j])
        S.support[group, k, j] += w[token] * S.inverse[token]


@internal_jit
def _sum_group(
    L: SampledState,
    S: SampleSums,
    group: Int,
    share: Int,
    sizes: tuple[Int, Int, Int],
    at: Address,
    alias: AliasTables,
) -> None:
    N, Q = L.support.shape
    batch, together, groups = sizes
    S.support[group, :, :] = 0.0
    S.along[group, :] = 0.0
    S.square[group, :] = 0.0
    S.fourth[group, :] = 0.0
    S.of_V[group, :, :] = 0.0
    blocks, each = (batch + together - 1) // together, Q + HEAD
    for block in range(blocks * group // groups, blocks * (group + 1) // groups):
        count = min(together, batch - block * together)
        _draw(S, share, block, (count * N, count * each), at)
        for i in range(count):
            words = S.heads[share, i * each : (i + 1) * each]
            tokens, z = words[HEAD:], S.z[share, i * N : (i + 1) * N]
            k = _i64(token_of(words[0], alias))
            source = _i64(pick_from(words[1], alias.sources[k], alias.source_bits))
            for j in range(Q):
                tokens[j] = token_of(tokens[j], alias)
            output = _i64(pick_from(words[2], alias.outputs[_i64(tokens[source])], alias.bits))
            normal, _ = pair64(words[3], words[4], words[5], words[6])
            _add_sample(L, S, (group, share), (k, output, normal), tokens, z)


@parallel_jit
def _sum_groups(
    L: SampledState, S: SampleSums, sizes: tuple[Int, Int, Int], at: Address, alias: AliasTables
) -> None:
    shares, groups = S.z.shape[0], sizes[2]
    for share in prange(shares):
        for group in range(groups * share // shares, groups * (share + 1) // shares):
            _sum_group(L, S, _i64(group), _i64(share), sizes, at, alias)


@internal_jit
def sum_samples(
    L: SampledState, S: SampleSums, sizes: tuple[Int, Int], at: Address, alias: AliasTables
) -> None:
    """Sum the gradients of a batch; the sums over all its samples are left in group 0.

    Parameters
    ----------
    L : SampledState
    S : SampleSums
    sizes : (batch, together)
        Samples of the batch, and of a block of random numbers.
    at : (step, seed, replica)
    alias : AliasTables
    """
    N, Q = L.support.shape
    batch, together = sizes
    groups = _groups(N, batch)
    all_sizes = (batch, together, groups)
    for n in range(N):
        for m in range(N):
            S.transposed[m, n] = L.W[n, m]
    if S.z.shape[0] > 1:
        _sum_groups(L, S, all_sizes, at, alias)
    else:
        for group in range(groups):
            _sum_group(L, S, _i64(group), _i64(0), all_sizes, at, alias)
    for group in range(1, groups):
        for k in range(N):
            S.along[0, k] += S.along[group, k]
            S.square[0, k] += S.square[group, k]
            S.fourth[0, k] += S.fourth[group, k]
            for j in range(Q):
                S.support[0, k, j] += S.support[group, k, j]
            for n in range(N):
                S.of_V[0, k, n] += S.of_V[group, k, n]
