"""Small matrix products in vectors: four rows of the result by 16 columns are in registers.

As loops of numba's, each row of a product would first be compared with all others for overlap, and
go to memory and back for every term. The order of each sum is that of its terms.
"""

from __future__ import annotations

from scbsim.kernels.compile.jit import internal_jit
from scbsim.kernels.simd.intrinsics import LANES, four_rows, one_row
from scbsim.kernels.types import Floats, Int

_ROWS = 4


@internal_jit
def multiply(
    out: Floats, x: Floats, rows: tuple[Int, Int], terms: Int, transposed: bool, y: Floats
) -> None:
    """Write rows of ``X Y``, or of ``X' Y``.

    Parameters
    ----------
    out : (n, M) contiguous, M a multiple of 16
        Not one of the others.
    x : (n, m) or, if ``transposed``, (m, n), contiguous
    rows : (first, last)
        Which rows of the result; the last is left out.
    terms : int64
        How many terms there are in a sum.
    transposed : bool
    y : (m, M) contiguous
    """
    first, last = rows
    M, width = out.shape[1], x.shape[1]
    x_row, x_step = (1, width) if transposed else (width, 1)
    n = first
    while n + _ROWS <= last:
        for m in range(0, M, LANES):
            four_rows(out, n * M + m, M, x, n * x_row, x_row, x_step, y, m, M, terms)
        n += _ROWS
    while n < last:
        for m in range(0, M, LANES):
            one_row(out, n * M + m, M, x, n * x_row, x_row, x_step, y, m, M, terms)
        n += 1
