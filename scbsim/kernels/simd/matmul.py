"""Small matrix products that keep four rows of the result by 16 columns in registers.

In a numba loop each row would first be tested for overlap with all others, and each term would load
and store it. Every sum is in the order of its terms.
"""

from __future__ import annotations

from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.simd.intrinsics import LANES, Strided, four_rows, one_row
from scbsim.kernels.types import Floats, Int

_ROWS = 4


def padded(columns: int) -> int:
    """Return the columns of a matrix whose rows are padded for :func:`multiply`."""
    return -(-columns // LANES) * LANES


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
    n = first
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
