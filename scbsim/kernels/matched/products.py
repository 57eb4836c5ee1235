"""Products of the value matrix and its target, and their traces: `docs/model.md`, section 5b.

Rows of a product are sums in a fixed order, so the bits do not depend on the number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import prange

from scbsim.kernels.allocate import aligned_zeros
from scbsim.kernels.compile.jit import internal_jit, kernel, parallel_jit
from scbsim.kernels.simd.intrinsics import LANES
from scbsim.kernels.simd.matmul import multiply_panel, packed_shape, padded
from scbsim.kernels.types import F64, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Value

_THREADS_FROM = 64  # rows; below, starting threads costs more than they save
_TILE = 8


class Products(NamedTuple):
    """Matrices of N rows, padded with zeros to a multiple of 16; of M and H the lower halves."""

    packed: F64  # W', see `simd.matmul.packed_shape`
    M: F64  # W W'
    K: F64  # P~ W'
    H: F64  # P~ P~'; not changed by a step
    columns: F64  # scratch, (10, N): sums down each column of W or of its target


class PairSums(NamedTuple):
    """Sums over all entries of M, K and H, in the symbols of `docs/model.md`."""

    MM: float  # ||M||_F^2
    KM: float
    KK: float  # ||K||_F^2
    K2: float  # tr K^2
    MH: float
    HK: float
    CK: float
    CH: float


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
    M, K, H = (aligned_zeros((N, padded(N))) for _ in range(3))
    return Products(aligned_zeros(packed_shape(N, N)), M, K, H, np.zeros((10, N)))


@internal_jit
def _pack_transposed(matrix: F64, packed: F64) -> None:
    N = matrix.shape[0]
    for panel in range(packed.shape[0]):
        first = panel * LANES
        for m in range(N):
            for i in range(min(LANES, N - first)):
                packed[panel, m, i] = matrix[first + i, m]


@internal_jit
def _lower_half(out: F64, x: F64, packed: F64, panel: Int) -> None:
    """Write the lower half of a panel of a symmetric product, and a little more."""
    N = np.int64(x.shape[0])
    multiply_panel(out, x, (panel * LANES, N), N, packed, panel)


@kernel
def square_of_target(target: F64, products: Products) -> None:
    """Set H, once for a task."""
    _pack_transposed(target, products.packed)
    for panel in range(products.packed.shape[0]):
        _lower_half(products.H, target, products.packed, np.int64(panel))


@internal_jit
def _panels(share: Int, shares: Int, V: Value, products: Products) -> None:
    N = np.int64(V.W.shape[0])
    # The lower half has fewer rows in each panel, so a share takes every so many.
    for panel in range(share, products.packed.shape[0], shares):
        _lower_half(products.M, V.W, products.packed, panel)
        multiply_panel(products.K, V.target, (np.int64(0), N), N, products.packed, panel)


@parallel_jit
def _shares(shares: Int, V: Value, products: Products) -> None:
    for share in prange(shares):
        _panels(np.int64(share), np.int64(shares), V, products)


@internal_jit
def set_products_alone(V: Value, products: Products) -> None:
    """Compute M and K of a value matrix on one thread; code that starts threads is not compiled."""
    _pack_transposed(V.W, products.packed)
    _panels(np.int64(0), np.int64(1), V, products)


@internal_jit
def set_products(shares: Int, V: Value, products: Products) -> None:
    """Compute M and K of a value matrix, on as many threads as there are shares."""
    _pack_transposed(V.W, products.packed)
    if shares > 1 and V.W.shape[0] >= _THREADS_FROM:
        _shares(shares, V, products)
    else:
        _panels(np.int64(0), np.int64(1), V, products)


@internal_jit
def pair_sums(products: Products, mu: F64) -> PairSums:
    """Return the sums, and add the upper half of K to its lower half: it is then ``K + K'``.

    Pairs of entries across the diagonal are visited by tiles, as a column of K lies far apart in
    memory. On the diagonal K is doubled.
    """
    M, K, H, N = products.M, products.K, products.H, mu.size
    MM, KM, KK, K2, MH, HK, CK, CH = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for first in range(0, N, _TILE):
        for column in range(0, first + 1, _TILE):
            for i in range(first, min(first + _TILE, N)):
                for j in range(column, min(column + _TILE, i)):
                    m, h, below, above = M[i, j], H[i, j], K[i, j], K[j, i]
                    both, weight = below + above, mu[i] * mu[j]
                    K[i, j] = both
                    MM += 2.0 * m * m
                    KM += both * m
                    KK += below * below + above * above
                    K2 += 2.0 * below * above
                    MH += 2.0 * m * h
                    HK += both * h
                    CK -= weight * both
                    CH -= 2.0 * weight * h
    for i in range(N):
        m, h, k, weight = M[i, i], H[i, i], K[i, i], mu[i] - mu[i] * mu[i]
        K[i, i] = 2.0 * k
        MM += m * m
        KM += k * m
        KK += k * k
        K2 += k * k
        MH += m * h
        HK += k * h
        CK += weight * k
        CH += weight * h
    return PairSums(MM, KM, KK, K2, MH, HK, CK, CH)
