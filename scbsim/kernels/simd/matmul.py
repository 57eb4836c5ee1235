"""Small matrix products that keep up to eight rows of the result by 32 columns in registers.

With four rows by 16 columns each sum would wait for its last term.
In a numba loop each row would first be tested for overlap with all others, and each term would load
and store it. Every sum is in the order of its terms.

A right factor that is read often is packed: panels of 16 columns, each contiguous. In a matrix
whose rows are a power of two long, the rows of a panel would share a few places in the cache.
"""

from __future__ import annotations

from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.simd.intrinsics import (
    LANES,
    Strided,
    eight_rows,
    eight_rows_wide,
    four_rows,
    four_rows_less,
    one_row,
)
from scbsim.kernels.types import Floats, Int

_ROWS = 4
_MORE_ROWS = 8


def padded(columns: int) -> int:
    """Return the columns of a matrix whose rows are padded for :func:`multiply`."""
    return -(-columns // LANES) * LANES


def packed_shape(rows: int, columns: int) -> tuple[int, int, int]:
    """Return the shape of a packed matrix: (panels, rows, 16)."""
    return -(-columns // LANES), rows, LANES


@internal_jit
def multiply(
    out: Floats, x: Floats, rows: tuple[Int, Int], terms: Int, transposed: bool, y: Floats
) -> None:
    """Write rows of ``X Y`` or of ``X' Y``.

    Parameters
    ----------
    out : (n, M) contiguous, M a multiple of 16
        Shares no memory with x or y.
    x : (n, m) or, if ``transposed``, (m, n), contiguous
    rows : (first, last)
        Rows of the result to write, without the last.
    terms : int64
        Terms of each sum.
    transposed : bool
    y : (m, M) contiguous
    """
    first, last = rows
    M, width = out.shape[1], x.shape[1]
    x_row, x_step = (1, width) if transposed else (width, 1)
    n, wide = first, M // (2 * LANES) * 2 * LANES
    while n + _MORE_ROWS <= last:
        left = Strided(x, n * x_row, x_row, x_step)
        for m in range(0, wide, 2 * LANES):
            eight_rows_wide(Strided(out, n * M + m, M, 0), left, Strided(y, m, 0, M), terms)
        if wide < M:
            eight_rows(Strided(out, n * M + wide, M, 0), left, Strided(y, wide, 0, M), terms)
        n += _MORE_ROWS
    while n < last:
        four = n + _ROWS <= last
        left = Strided(x, n * x_row, x_row, x_step)
        for m in range(0, M, LANES):
            target, right = Strided(out, n * M + m, M, 0), Strided(y, m, 0, M)
            if four:
                four_rows(target, left, right, terms)
            else:
                one_row(target, left, right, terms)
        n += _ROWS if four else 1


@internal_jit
def multiply_panel(
    out: Floats, x: Floats, rows: tuple[Int, Int], terms: Int, y: Floats, panel: Int
) -> None:
    """Write 16 columns of some rows of ``X Y``; the sums are those of :func:`multiply`.

    Parameters
    ----------
    out : (n, M) contiguous, M a multiple of 16
    x : (n, m) contiguous
    rows : (first, last)
    terms : int64
    y : (panels, m, 16) contiguous
        Packed, see :func:`packed_shape`.
    panel : int64
    """
    first, last = rows
    M, width = out.shape[1], x.shape[1]
    right = Strided(y, panel * y.shape[1] * LANES, 0, LANES)
    n = first
    while n + _MORE_ROWS <= last:
        left = Strided(x, n * width, width, 1)
        eight_rows(Strided(out, n * M + panel * LANES, M, 0), left, right, terms)
        n += _MORE_ROWS
    while n < last:
        four = n + _ROWS <= last
        left = Strided(x, n * width, width, 1)
        target = Strided(out, n * M + panel * LANES, M, 0)
        if four:
            four_rows(target, left, right, terms)
        else:
            one_row(target, left, right, terms)
        n += _ROWS if four else 1


@internal_jit
def subtract_product(
    out: Floats, rows: tuple[Int, Int], terms: tuple[Int, Int], column: Int, y: Floats
) -> None:
    """Subtract a product of some of its own columns with y from 16 columns of some rows of X.

    Parameters
    ----------
    out : (n, M) contiguous, M a multiple of 16
        X, with four rows to spare after the last.
    rows : (first, last)
        Rows are taken by fours from the first on, so that up to three more are changed.
    terms : (first, last)
        The columns of X that are the left factor: not among the 16.
    column : int64
        The first of the 16, a multiple of 16.
    y : (m, M) contiguous
        Its first row is that of the first term.
    """
    M = out.shape[1]
    right = Strided(y, column, 0, y.shape[1])
    for n in range(rows[0], rows[1], _ROWS):
        left, target = Strided(out, n * M + terms[0], M, 1), Strided(out, n * M + column, M, 0)
        four_rows_less(target, left, right, terms[1] - terms[0])
