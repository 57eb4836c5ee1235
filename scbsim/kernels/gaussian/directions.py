"""Directions of the rests of A, from the random stream alone: no entry of them is stored.

A direction of a start is a list of entries, and one number for all that are not listed; without a
start it is 0. Draw d turns the one before it: its entry at a position is ``a r + b z + c``, with r
that of draw d - 1, z a standard normal that has an address, and ``turns[d]`` the numbers of the
column. So the entries of a block of positions are computed from as many normals as there were
draws.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel
from scbsim.kernels.gaussian.bulk_noise import first_at_least
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.philox import DIRECTIONS, ONES, counter_words, split_seed
from scbsim.kernels.random.variates import lane_at, two_normals
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import F64, I64, U32, U64, Int

_LANES = np.uint64(BLOCK // 4)


class Directions(NamedTuple):
    """The draws of the directions of all columns, and where their support is."""

    drawn: U64  # (m, 3): step, seed and replica of each draw
    turns: F64  # (m, N, 4): a, b, c of each column, and the multiple of q_k on the support
    positions: I64  # (N, Q): the support, ascending
    weights: F64  # (N, Q): q_k there
    T: int
    # the direction before the first draw, or zeros
    first: I64  # (N + 1,): where each column begins in the list of its entries off the support
    at: I64  # their positions, ascending in each column
    listed: F64  # these entries
    others: F64  # (N,): all other entries off the support
    on: F64  # (N, Q): those on it


class Buffers(NamedTuple):
    """Buffers of one thread, from :func:`make_buffers`."""

    r: F64  # (BLOCK,): entries of a direction
    z: F64  # (BLOCK,): normals
    words: U32  # (2 BLOCK,)
    sums: F64  # (4, BLOCK // 4)


def make_buffers() -> Buffers:
    """Allocate them."""
    quarter = BLOCK // 4
    words = np.zeros(2 * BLOCK, np.uint32)
    return Buffers(np.zeros(BLOCK), np.zeros(BLOCK), words, np.zeros((4, quarter)))


@inline_jit
def fill_direction(D: Directions, draws: Int, k: Int, block: Int, own: Buffers) -> None:
    """Write to ``own.r`` a block of the direction of column k after some draws."""
    r, z = own.r, own.z
    count = min(BLOCK, D.T - block * BLOCK)
    start = block * BLOCK
    for i in range(BLOCK):
        r[i] = D.others[k]
    if D.first[k + 1] > D.first[k]:
        at, listed = D.at[D.first[k] : D.first[k + 1]], D.listed[D.first[k] : D.first[k + 1]]
        for i in range(first_at_least(at, start), first_at_least(at, start + count)):
            r[at[i] - start] = listed[i]
    for d in range(draws):
        counter = counter_words(k, D.drawn[d, 0], DIRECTIONS, D.drawn[d, 2])
        fill_normals(z, own.words, count, block, counter, split_seed(D.drawn[d, 1]))
        a, b, c = D.turns[d, k, 0], D.turns[d, k, 1], D.turns[d, k, 2]
        for i in range(count):
            r[i] = a * r[i] + (b * z[i] + c)


@inline_jit
def fill_off_support(x: F64, D: Directions, k: Int, block: Int, value: float) -> None:
    """Set what a block has on the support, or past the end of the column, to a value."""
    start = block * BLOCK
    count = min(BLOCK, D.T - start)
    positions = D.positions[k]
    first, last = first_at_least(positions, start), first_at_least(positions, start + count)
    for j in range(first, last):
        x[positions[j] - start] = value
    for i in range(count, BLOCK):
        x[i] = value


@internal_jit
def largest(x: F64, out: F64) -> float:
    """Return the largest entry of a block; ``out`` is scratch, (BLOCK // 4,)."""
    for i in range(_LANES):
        j, k, m = i + _LANES, i + np.uint64(2) * _LANES, i + np.uint64(3) * _LANES
        out[i] = max(max(x[i], x[j]), max(x[k], x[m]))
    half = BLOCK // 8
    while half > 0:
        for i in range(half):
            out[i] = max(out[i], out[i + half])
        half //= 2
    return out[0]


@inline_jit
def _products(z: F64, r: F64, sum_1: F64, sum_2: F64, sum_3: F64) -> None:
    for i in range(_LANES):
        j, k, m = i + _LANES, i + np.uint64(2) * _LANES, i + np.uint64(3) * _LANES
        sum_1[i] = (z[i] + z[j]) + (z[k] + z[m])
        sum_2[i] = (z[i] * z[i] + z[j] * z[j]) + (z[k] * z[k] + z[m] * z[m])
        sum_3[i] = (z[i] * r[i] + z[j] * r[j]) + (z[k] * r[k] + z[m] * r[m])


@kernel
def sum_draw(
    D: Directions,
    draw: tuple[Int, Int, Int],
    span: tuple[Int, Int],
    sums: F64,
    own: Buffers,
) -> None:
    """Sum the normals of a new draw off the support, block by block.

    Parameters
    ----------
    D : Directions
        The draws before.
    draw : (step, seed, replica)
        The address of the new one.
    span : (begin, end)
        The blocks, counted through all columns.
    sums : (blocks, 4) float64
        Receives the sums of ``z``, ``z^2`` and ``z r``, r the direction before, and the largest z.
    """
    r, z = own.r, own.z
    per_column = (D.T + BLOCK - 1) // BLOCK
    for index in range(span[0], span[1]):
        k, block = index // per_column, index % per_column
        fill_direction(D, D.drawn.shape[0], k, block, own)
        counter = counter_words(k, draw[0], DIRECTIONS, draw[2])
        count = min(BLOCK, D.T - block * BLOCK)
        fill_normals(z, own.words, count, block, counter, split_seed(draw[1]))
        fill_off_support(z, D, k, block, 0.0)
        _products(z, r, own.sums[0], own.sums[1], own.sums[2])
        for i in range(3):
            sums[index, i] = pairwise_sum(own.sums[i])
        fill_off_support(z, D, k, block, -np.inf)
        sums[index, 3] = largest(z, own.sums[3])


@kernel
def sum_directions(D: Directions, span: tuple[Int, Int], sums: F64, own: Buffers) -> None:
    """Write the sums of ``r`` and ``r^2`` off the support, and the largest r, block by block.

    ``sums`` is (blocks, 3); the others are as in :func:`sum_draw`.
    """
    r = own.r
    per_column = (D.T + BLOCK - 1) // BLOCK
    for index in range(span[0], span[1]):
        k, block = index // per_column, index % per_column
        fill_direction(D, D.drawn.shape[0], k, block, own)
        fill_off_support(r, D, k, block, 0.0)
        _products(r, r, own.sums[0], own.sums[1], own.sums[2])
        for i in range(2):
            sums[index, i] = pairwise_sum(own.sums[i])
        fill_off_support(r, D, k, block, -np.inf)
        sums[index, 2] = largest(r, own.sums[3])


@kernel
def directions_at_support(D: Directions, r: F64, own: Buffers) -> None:
    """Write the directions at their support, (N, Q)."""
    for k in range(r.shape[0]):
        for j in range(r.shape[1]):
            block, place = D.positions[k, j] // BLOCK, D.positions[k, j] % BLOCK
            r[k, j] = D.on[k, j]
            for d in range(D.drawn.shape[0]):
                counter = counter_words(k, D.drawn[d, 0], DIRECTIONS, D.drawn[d, 2])
                count = min(BLOCK, D.T - block * BLOCK)
                fill_normals(own.z, own.words, count, block, counter, split_seed(D.drawn[d, 1]))
                a, b, c, e = D.turns[d, k]
                r[k, j] = a * r[k, j] + (b * own.z[place] + c) + e * D.weights[k, j]


@kernel
def draw_ones(draw: tuple[Int, Int, Int], zeta: F64) -> None:
    """Write a standard normal for each column at an address: step, seed, replica."""
    for k in range(zeta.size):
        counter = counter_words(k, draw[0], ONES, draw[2])
        x, _, _ = two_normals(lane_at(0, counter, split_seed(draw[1])))
        zeta[k] = x


@kernel
def draw_rows(draw: tuple[Int, Int, Int], rows: F64, own: Buffers) -> None:
    """Fill a square matrix with normals at an address, apart from those of columns of A."""
    N = rows.shape[0]
    for n in range(N):
        counter = counter_words(N + n, draw[0], DIRECTIONS, draw[2])
        for block in range((N + BLOCK - 1) // BLOCK):
            count = min(BLOCK, N - block * BLOCK)
            fill_normals(own.z, own.words, count, block, counter, split_seed(draw[1]))
            for i in range(count):
                rows[n, block * BLOCK + i] = own.z[i]
