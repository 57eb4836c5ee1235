"""Products of the value matrix and its target, and their traces: `docs/model.md`, section 5b.

Rows of a product are sums in a fixed order, so the bits do not depend on the number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import prange

from scbsim.kernels.compile.jit import internal_jit, kernel, parallel_jit
from scbsim.kernels.simd.matmul import multiply, padded
from scbsim.kernels.types import F64, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Value

_THREADS_FROM = 64  # rows; below, starting threads costs more than they save


class Products(NamedTuple):
    """Matrices of N rows; a row is padded with zeros to a multiple of the vector width."""

    transposed: F64  # W'
    M: F64  # W W'
    K: F64  # P~ W'
    H: F64  # P~ P~'; not changed by a step


class PairMoments(NamedTuple):
    """Moments that only the covariances need, in the symbols of `docs/model.md`."""

    KK: float  # ||K||_F^2
    K2: float  # tr K^2
    MH: float
    HK: float
    CK: float
    CH: float
    F22: float
    F22x: float
    F13: float
    FZP: float
    FPP: float


def make_products(N: int) -> Products:
    """Allocate the matrices; :func:`square_of_target` sets H."""
    return Products(*(np.zeros((N, padded(N))) for _ in range(4)))


@internal_jit
def _transpose(matrix: F64, out: F64) -> None:
    for n in range(matrix.shape[0]):
        for m in range(matrix.shape[0]):
            out[m, n] = matrix[n, m]


@kernel
def square_of_target(target: F64, products: Products) -> None:
    """Set H, once for a task."""
    N = np.int64(target.shape[0])
    _transpose(target, products.transposed)
    multiply(products.H, target, (np.int64(0), N), N, False, products.transposed)


@internal_jit
def _rows(share: Int, shares: Int, V: Value, products: Products) -> None:
    N = np.int64(V.W.shape[0])
    rows = (N * share // shares, N * (share + 1) // shares)
    multiply(products.M, V.W, rows, N, False, products.transposed)
    multiply(products.K, V.target, rows, N, False, products.transposed)


@parallel_jit
def _shares(shares: Int, V: Value, products: Products) -> None:
    for share in prange(shares):
        _rows(np.int64(share), np.int64(shares), V, products)


@internal_jit
def set_products_alone(V: Value, products: Products) -> None:
    """Compute M and K of a value matrix on one thread; code that starts threads is not compiled."""
    _transpose(V.W, products.transposed)
    _rows(np.int64(0), np.int64(1), V, products)


@internal_jit
def set_products(shares: Int, V: Value, products: Products) -> None:
    """Compute M and K of a value matrix, on as many threads as there are shares."""
    _transpose(V.W, products.transposed)
    if shares > 1 and V.W.shape[0] >= _THREADS_FROM:
        _shares(shares, V, products)
    else:
        _rows(np.int64(0), np.int64(1), V, products)


@internal_jit
def traces_of(products: Products) -> tuple[float, float, float, float, float, float]:
    """Return ``tr M^2, tr KM, ||K||^2, tr K^2, tr MH`` and ``tr HK``."""
    M, K, H = products.M, products.K, products.H
    MM, KM, KK, K2, MH, HK = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(M.shape[0]):
        for j in range(M.shape[0]):
            MM += M[i, j] * M[i, j]
            KM += K[i, j] * M[i, j]
            KK += K[i, j] * K[i, j]
            K2 += K[i, j] * K[j, i]
            MH += M[i, j] * H[i, j]
            HK += K[i, j] * H[i, j]
    return MM, KM, KK, K2, MH, HK


@internal_jit
def trace_with_spread(X: F64, mu: F64) -> float:
    """Return ``tr CX``, with ``C = diag(mu) - mu mu'``."""
    total = 0.0
    for i in range(mu.size):
        row = 0.0
        for j in range(mu.size):
            row += X[i, j] * mu[j]
        total += mu[i] * (X[i, i] - row)
    return total
