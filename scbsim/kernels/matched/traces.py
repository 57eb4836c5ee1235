"""Two traces of fourth order in the value matrix, the only moments that cost N^3 operations.

``tr M^2 = ||G||_F^2`` and ``tr KM = <H, G>_F`` with ``G = W'W`` and ``H = W'P~``. Neither product
is stored: tiles of four rows and 64 columns are computed in the cache, and each is reduced to two
numbers. All sums have a fixed order, so the bits depend neither on the number of threads nor on the
vector width, which a BLAS library does not guarantee.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import prange

from scbsim.kernels.allocate import aligned_zeros
from scbsim.kernels.compile.jit import inline_jit, internal_jit, parallel_jit
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import F64, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Value

ROWS, WIDTH = 4, 64
TILE = ROWS * WIDTH

_WIDTH = np.uint64(WIDTH)
_DEEP = 4  # rows of W per iteration


def packed_size(N: int) -> int:
    """Return the size of 64 packed columns, with the number of rows rounded up to fours."""
    return -(-N // _DEEP) * _DEEP * WIDTH


class Traces(NamedTuple):
    """Scratch of the moments of V."""

    packed: F64  # (shares, 2, 64 rows)
    tiles: F64  # (shares, 2, 256)
    sums: F64  # (columns of tiles, rows of tiles, 2)
    columns: F64  # (6, N): sums down each column of W


def make_traces(shares: int, N: int) -> Traces:
    """Allocate the scratch; no more shares than there are tiles."""
    across, down = -(-N // WIDTH), -(-N // ROWS)
    shares = max(1, min(shares, across * down))
    return Traces(
        packed=aligned_zeros((shares, 2, packed_size(N))),
        tiles=aligned_zeros((shares, 2, TILE)),
        sums=np.empty((across, down, 2)),
        columns=np.empty((6, N)),
    )


@inline_jit
def _pack(matrix: F64, first: Int, packed: F64) -> None:
    """Copy 64 columns, row by row, padded with zeros."""
    N = matrix.shape[0]
    count = min(WIDTH, N - first)
    packed[:] = 0.0
    for n in range(N):
        for j in range(count):
            packed[n * WIDTH + j] = matrix[n, first + j]


@inline_jit
def _entry(W: F64, n: Int, i: Int) -> float:
    """Return an entry of W padded with zeros."""
    N = W.shape[0]
    return W[n, i] if n < N and i < N else 0.0


@inline_jit
def _add_products(W: F64, first: Int, packed: F64, tile: F64) -> None:
    """Compute four rows of ``W' X`` from ``first`` on, for the packed columns of X."""
    tile[:] = 0.0
    one, two, three = _WIDTH, np.uint64(2) * _WIDTH, np.uint64(3) * _WIDTH
    for n in range(0, W.shape[0], _DEEP):
        a0, a1, a2, a3 = _column(W, n, first)
        b0, b1, b2, b3 = _column(W, n, first + 1)
        c0, c1, c2, c3 = _column(W, n, first + 2)
        d0, d1, d2, d3 = _column(W, n, first + 3)
        rows = packed[n * WIDTH : (n + _DEEP) * WIDTH]
        for j in range(_WIDTH):
            x0, x1, x2, x3 = rows[j], rows[j + one], rows[j + two], rows[j + three]
            tile[j] = (((tile[j] + a0 * x0) + a1 * x1) + a2 * x2) + a3 * x3
            tile[j + one] = (((tile[j + one] + b0 * x0) + b1 * x1) + b2 * x2) + b3 * x3
            tile[j + two] = (((tile[j + two] + c0 * x0) + c1 * x1) + c2 * x2) + c3 * x3
            tile[j + three] = (((tile[j + three] + d0 * x0) + d1 * x1) + d2 * x2) + d3 * x3


@inline_jit
def _column(W: F64, n: Int, i: Int) -> tuple[float, float, float, float]:
    return _entry(W, n, i), _entry(W, n + 1, i), _entry(W, n + 2, i), _entry(W, n + 3, i)


@internal_jit
def _trace_share(share: Int, shares: Int, V: Value, scratch: Traces) -> None:
    """Compute one share of the tiles, numbered down the columns of tiles."""
    down, across = scratch.sums.shape[1], scratch.sums.shape[0]
    packed_W, packed_P = scratch.packed[share, 0], scratch.packed[share, 1]
    G, H = scratch.tiles[share, 0], scratch.tiles[share, 1]
    packed = np.int64(-1)
    for index in range(down * across * share // shares, down * across * (share + 1) // shares):
        column, row = index // down, index % down
        if column != packed:
            _pack(V.W, column * WIDTH, packed_W)
            _pack(V.target, column * WIDTH, packed_P)
            packed = column
        _add_products(V.W, row * ROWS, packed_W, G)
        _add_products(V.W, row * ROWS, packed_P, H)
        for i in range(TILE):
            H[i] *= G[i]
            G[i] *= G[i]
        scratch.sums[column, row, 0] = pairwise_sum(G)
        scratch.sums[column, row, 1] = pairwise_sum(H)


@parallel_jit
def _trace_shares(V: Value, scratch: Traces) -> None:
    shares = scratch.packed.shape[0]
    for share in prange(shares):
        _trace_share(np.int64(share), np.int64(shares), V, scratch)


@internal_jit
def traces(V: Value, scratch: Traces) -> tuple[float, float]:
    """Return ``tr M^2`` and ``tr KM``, with ``M = W W'`` and ``K = P~ W'``.

    One thread is used for each share in ``scratch``.
    """
    if scratch.packed.shape[0] > 1:
        _trace_shares(V, scratch)
    else:
        _trace_share(np.int64(0), np.int64(1), V, scratch)
    of_M, of_K = 0.0, 0.0
    for column in range(scratch.sums.shape[0]):
        for row in range(scratch.sums.shape[1]):
            of_M += scratch.sums[column, row, 0]
            of_K += scratch.sums[column, row, 1]
    return of_M, of_K
