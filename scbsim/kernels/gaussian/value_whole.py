"""A step of the whole value matrix on one thread, its noise drawn before.

It is the step of `value`, with sums down the columns in place of sums over groups of rows: a small
matrix takes a quarter of the time.
"""

from __future__ import annotations

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.gaussian.state import ProblemConstants, Scratch, Value
from scbsim.kernels.types import F64, Factors, Int


@inline_jit
def _add_noise(V: Value, factors: Factors, noise: F64, S: Scratch) -> None:
    """Take the step before projection; write the column sums of W and of ``W P~``."""
    keep, pull, amplitude = factors
    sums, products = V.column_sums[0], S.row_1[0]
    sums[:] = 0.0
    products[:] = 0.0
    for n in range(V.root_mu.size):
        w, target, z = V.W[n], V.target[n], noise[n]
        for m in range(w.size):
            x = keep * w[m] + (pull * target[m] + amplitude * z[m])
            w[m] = x
            sums[m] += x
            products[m] += x * target[m]


@inline_jit
def _row_products(V: Value, n: Int, rows: Int) -> None:
    """Write the products of four rows with ``root_mu``; those past ``rows`` count the first."""
    root = V.root_mu
    w0, w1 = V.W[n], V.W[n + 1 if rows > 1 else n]
    w2, w3 = V.W[n + 2 if rows > 2 else n], V.W[n + 3 if rows > 3 else n]
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    for m in range(root.size):
        s0 += w0[m] * root[m]
        s1 += w1[m] * root[m]
        s2 += w2[m] * root[m]
        s3 += w3[m] * root[m]
    V.row_dots[n, 0] = s0
    if rows > 1:
        V.row_dots[n + 1, 0] = s1
    if rows > 2:
        V.row_dots[n + 2, 0] = s2
    if rows > 3:
        V.row_dots[n + 3, 0] = s3


@internal_jit
def step_whole_value(
    V: Value, constants: ProblemConstants, factors: Factors, noise: F64, S: Scratch
) -> None:
    """Do ``W <- keep W + pull P~ + amplitude Pi_L G Pi_R``, and update the scalars.

    Parameters
    ----------
    factors : (keep, pull, amplitude)
    noise : (N, at least N) float64
        G.
    """
    N = V.root_mu.size
    _add_noise(V, factors, noise, S)
    for n in range(0, N, 4):
        _row_products(V, n, min(4, N - n))
    shift, products, squares, mean, with_target = V.column_sums[0], S.row_1[0], S.row_2[0], 0.0, 0.0
    for n in range(N):
        shift[n] /= N
        mean += V.row_dots[n, 0]
        with_target += products[n]
        squares[n] = 0.0
    mean /= N
    # The target lies in the projected space, so projecting W does not change its product with it.
    alpha = with_target / constants.K_P if constants.K_P > 0.0 else 0.0
    for n in range(N):
        w, target, root, off = V.W[n], V.target[n], V.root_mu, V.row_dots[n, 0] - mean
        for m in range(N):
            x = w[m] - shift[m] - off * root[m]
            w[m] = x
            rest = x - alpha * target[m]
            squares[m] += rest * rest
    total = 0.0
    for m in range(N):
        total += squares[m]
    V.scalars[0], V.scalars[1] = alpha, total
