"""Two traces of fourth order in the value matrix, the only moments that cost N^3 operations.

``tr M^2 = ||G||_F^2`` and ``tr KM = <H, G>_F`` with ``G = W'W`` and ``H = W'P~``. Neither product
is stored. Squares of 64 by 64 entries are computed in the cache, of G those on and above the
diagonal, and tiles of four rows are reduced to two numbers each. All sums have a fixed order, so
the bits depend neither on the number of threads nor on the vector width, which a BLAS library does
not guarantee.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import prange

from scbsim.kernels.allocate import aligned_zeros
from scbsim.kernels.compile.jit import internal_jit, parallel_jit
from scbsim.kernels.simd.intrinsics import LANES, Strided, eight_rows
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import F64, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Value

ROWS, WIDTH = 4, 64
TILE = ROWS * WIDTH
_PANELS = WIDTH // LANES
_EIGHT = 8


class Traces(NamedTuple):
    """Scratch of the moments of V."""

    packed: F64  # (shares, 4, panels, N, 16): columns of W and of its target, for rows and columns
    squares: F64  # (shares, 3, 64 * 64)
    sums: F64  # (columns of tiles, rows of tiles, 2)
    columns: F64  # (6, N): sums down each column of W


def make_traces(shares: int, N: int) -> Traces:
    """Allocate the scratch; no more shares than there are squares of G to compute."""
    across, down = -(-N // WIDTH), -(-N // ROWS)
    shares = max(1, min(shares, across * (across + 1) // 2))
    return Traces(
        packed=aligned_zeros((shares, 4, _PANELS, N, LANES)),
        squares=aligned_zeros((shares, 3, WIDTH * WIDTH)),
        sums=np.empty((across, down, 2)),
        columns=np.empty((6, N)),
    )


@internal_jit
def _pack(matrix: F64, first: Int, packed: F64) -> None:
    """Copy 64 columns, padded with zeros, to panels of 16."""
    N = matrix.shape[0]
    for panel in range(packed.shape[0]):
        begin = first + panel * LANES
        count = max(min(LANES, N - begin), 0)
        to = packed[panel]
        if count == LANES:
            for n in range(N):
                for i in range(np.uint64(LANES)):
                    to[n, i] = matrix[n, begin + i]
        else:
            to[:, :] = 0.0
            for n in range(N):
                for i in range(count):
                    to[n, i] = matrix[n, begin + i]


@internal_jit
def multiply_packed(left: F64, right: F64, rows: Int, panels: Int, out: F64) -> None:
    """Write ``X' Y``, of 64 by 64, for packed columns of X and of Y.

    Only so many rows are written, rounded up to eights, and panels; the others of these rows are 0.
    """
    N = np.int64(left.shape[1])
    if panels < _PANELS:
        out[: (rows + _EIGHT - 1) // _EIGHT * _EIGHT * WIDTH] = 0.0
    for panel in range(panels):
        y = Strided(right, panel * N * LANES, 0, LANES)
        for row in range(0, rows, _EIGHT):
            x = Strided(left, row // LANES * N * LANES + row % LANES, 1, LANES)
            eight_rows(Strided(out, row * WIDTH + panel * LANES, WIDTH, 0), x, y, N)


@internal_jit
def _reduce(of_G: F64, of_H: F64, column: Int, row: Int, sums: F64) -> None:
    """Write the sums of the tiles of a square, given which it is; both factors are overwritten."""
    first = row * (WIDTH // ROWS)
    last: Int = np.int64(min(first + WIDTH // ROWS, sums.shape[1]))
    for i in range(np.uint64((last - first) * TILE)):
        g = of_G[i]
        of_H[i] *= g
        of_G[i] = g * g
    for tile in range(first, last):
        begin = (tile - first) * TILE
        sums[column, tile, 0] = pairwise_sum(of_G[begin : begin + TILE])
        sums[column, tile, 1] = pairwise_sum(of_H[begin : begin + TILE])


@internal_jit
def _transpose(x: F64, out: F64) -> None:
    for i in range(WIDTH):
        for j in range(WIDTH):
            out[i * WIDTH + j] = x[j * WIDTH + i]


@internal_jit
def _square(row: Int, column: Int, own: tuple[F64, F64], sums: F64) -> None:
    """Compute a square of G with the packed columns, and reduce it and the one it is mirrored to.

    A product of two numbers has the same bits in either order, so G is symmetric to the bit.
    """
    packed, squares = own
    G, H, mirrored = squares[0], squares[1], squares[2]
    of_columns = packed[2], packed[3]
    if row == column:
        of_columns = packed[0], packed[1]
    N = np.int64(packed.shape[2])
    rows, columns = min(WIDTH, N - row * WIDTH), min(WIDTH, N - column * WIDTH)
    panels = (columns + LANES - 1) // LANES
    multiply_packed(packed[0], of_columns[0], rows, panels, G)
    multiply_packed(packed[0], of_columns[1], rows, panels, H)
    if row != column:
        _transpose(G, mirrored)
    _reduce(G, H, column, row, sums)
    if row != column:
        multiply_packed(of_columns[0], packed[1], columns, _PANELS, H)
        _reduce(mirrored, H, row, column, sums)


@internal_jit
def _trace_share(share: Int, shares: Int, V: Value, scratch: Traces) -> None:
    """Compute one share of the squares on and above the diagonal, numbered along the rows."""
    across = scratch.sums.shape[0]
    packed, squares = scratch.packed[share], scratch.squares[share]
    total = across * (across + 1) // 2
    index, held = np.int64(0), np.int64(-1)
    for row in range(across):
        for column in range(row, across):
            if total * share // shares <= index < total * (share + 1) // shares:
                if row != held:
                    _pack(V.W, row * WIDTH, packed[0])
                    _pack(V.target, row * WIDTH, packed[1])
                    held = np.int64(row)
                if row != column:
                    _pack(V.W, column * WIDTH, packed[2])
                    _pack(V.target, column * WIDTH, packed[3])
                _square(row, column, (packed, squares), scratch.sums)
            index += 1


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
