"""The tokens, query, source position and output of a sample: `docs/model.md`, sections 7 and 8.

A sample is a function of its number, so it can be drawn again in any order and on any thread. Its
tokens come in blocks of 2048 words, one word per token. Samples shorter than a block share one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.random.alias import pick_from
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.random.philox import HEADS, TOKENS, philox4x32
from scbsim.kernels.random.xoshiro import WORDS, fill_words, next_word
from scbsim.kernels.simd.intrinsics import LANES, pick_blocks
from scbsim.kernels.types import I64, U32, Counter, Int, Part, Stream, Tokens

_PER_BLOCK = BLOCK // WORDS
_u32, _u64 = np.uint32, np.uint64
_LOW, _HALF = _u64(0xFFFFFFFF), _u64(32)


class AliasTables(NamedTuple):
    """The distributions of a task as alias tables, see `alias`. Nothing is changed."""

    # (3,): with at most 4 tokens, the token is the number of cuts below a word; (0,) with more
    cuts: U32
    tokens: U32  # (2^bits,): the distribution mu; padded to at least 16 entries with zeros
    sources: U32  # (N, 2^source_bits): row k, the index of the source among the positions of q_k
    outputs: U32  # (N, 2^bits): row m, the output after source token m
    positions: I64  # (N, Q)
    bits: np.uint32
    source_bits: np.uint32
    T: np.uint64
    together: np.uint64  # samples that share a block: as many as fit, or 1


@inline_jit
def token_of(word: np.uint32, alias: AliasTables) -> np.uint32:
    """Return the token drawn by a random word."""
    cuts = alias.cuts
    if cuts.size > 0:
        return _u32(_u32(word > cuts[0]) + _u32(word > cuts[1]) + _u32(word > cuts[2]))
    return pick_from(word, alias.tokens, alias.bits)


@internal_jit
def _by_cuts(out: Tokens, start: Int, words: U32, first: Int, count: Int, cuts: U32) -> None:
    a, b, c = cuts[0], cuts[1], cuts[2]
    to, source = out[start : start + count], words[first : first + count]
    for i in range(_u64(count)):
        word = source[i]
        to[i] = _u32(_u32(word > a) + _u32(word > b) + _u32(word > c))


@internal_jit
def _by_table(
    out: Tokens, start: Int, words: U32, first: Int, count: Int, alias: AliasTables
) -> None:
    whole, table = count // LANES, alias.tokens
    pick_blocks(out, _u64(start), words, _u64(first), _u64(whole), table, alias.bits)
    for i in range(whole * LANES, count):
        out[start + i] = pick_from(words[first + i], alias.tokens, alias.bits)


@inline_jit
def _counter(number: Int, purpose: int, replica: np.uint64) -> Counter:
    """Return words 1 to 3 of the counter of the samples that share a block."""
    c3 = _u64(purpose) << _u64(24) | _u64(replica)
    return _u64(number) >> _HALF, _u64(number) & _LOW, c3


@internal_jit
def fill_tokens(
    out: Tokens,
    start: Int,
    words: U32,
    span: tuple[Int, Int],
    block: tuple[Int, Int],
    alias: AliasTables,
    stream: Stream,
) -> None:
    """Write some tokens of a block to ``out[start:]``.

    Parameters
    ----------
    words : (BLOCK,) uint32
        Scratch.
    span : (first, last)
        The words of the block that are used; the last is excluded.
    block : (number, j)
        Block j of the samples with this number: the sample's number divided by ``together``.
    """
    first, last = span
    number, j = block
    k0, k1, replica = stream
    lane = _u64(j) * _u64(_PER_BLOCK)
    fill_words(words, _PER_BLOCK, last, lane, _counter(number, TOKENS, replica), (k0, k1))
    if alias.cuts.size > 0:
        _by_cuts(out, start, words, first, last - first, alias.cuts)
    else:
        _by_table(out, start, words, first, last - first, alias)


@internal_jit
def token_at(sample: np.uint64, position: Int, alias: AliasTables, stream: Stream) -> np.uint32:
    """Return one token of a sample, uint32."""
    k0, k1, replica = stream
    T, together = alias.T, alias.together
    number = _u64(sample) // together
    place = _u64(position) + (_u64(sample) - number * together) * T
    block = place // _u64(BLOCK)
    inside = place - block * _u64(BLOCK)
    lane = inside % _u64(_PER_BLOCK)
    c1, c2, c3 = _counter(number, TOKENS, replica)
    a, b, c, d = philox4x32(block * _u64(_PER_BLOCK) + lane, c1, c2, c3, k0, k1)
    word = a
    for _ in range(inside // _u64(_PER_BLOCK) + _u64(1)):
        word, a, b, c, d = next_word(a, b, c, d)
    return token_of(word, alias)


@internal_jit
def fill_heads(
    heads: I64, part: Part, tokens: Tokens, first: Int, alias: AliasTables, stream: Stream
) -> None:
    """Draw the query, the source position and the output of samples with consecutive numbers.

    Parameters
    ----------
    heads : (3, n) int64, contiguous
        Receives the three of some samples.
    part : (begin, end)
        Their range; the end is excluded.
    tokens : unsigned integers
        The tokens of these samples; (0,) to draw those at the source positions again.
    first : uint64
        Number of the first of them.
    """
    (begin, end), (k0, k1, replica) = part, stream
    c3 = _u64(HEADS) << _u64(24) | _u64(replica)
    query, source, output = heads[0, begin:end], heads[1, begin:end], heads[2, begin:end]
    for i in range(_u64(query.size)):
        sample = _u64(first) + i
        w0, w1, w2, _ = philox4x32(sample & _LOW, sample >> _HALF, _u64(0), c3, k0, k1)
        query[i], source[i], output[i] = np.int64(w0), np.int64(w1), np.int64(w2)
    for i in range(_u64(query.size)):
        # Unsigned indices need no test for negative ones.
        k = _u64(token_of(_u32(query[i]), alias))
        j = _u64(pick_from(_u32(source[i]), alias.sources[k], alias.source_bits))
        t = _u64(alias.positions[k, j])
        if tokens.size > 0:
            m = _u32(tokens[i * alias.T + t])
        else:
            m = token_at(_u64(first) + i, t, alias, stream)
        query[i], source[i] = np.int64(k), np.int64(t)
        output[i] = np.int64(pick_from(_u32(output[i]), alias.outputs[_u64(m)], alias.bits))
