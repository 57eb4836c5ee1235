"""Products of packed matrices, and the factor of a covariance that is made of them."""

import numpy as np
import pytest

from scbsim.kernels.compile.jit import kernel
from scbsim.kernels.matched.joint_state import BLOCK_COLUMNS
from scbsim.kernels.matched.value_shape import factorise
from scbsim.kernels.simd.matmul import (
    multiply,
    multiply_panel,
    packed_shape,
    padded,
    subtract_product,
)


@kernel
def both(out, packed_out, x, rows, terms, y, packed):
    multiply(out, x, rows, terms, False, y)
    for panel in range(packed.shape[0]):
        multiply_panel(packed_out, x, rows, terms, packed, np.int64(panel))


@kernel
def subtract(X, rows, terms, column, y):
    subtract_product(X, rows, terms, column, y)


@kernel
def factor(X, rows):
    factorise(X, rows)


def pack(y):
    """The panels of a matrix, padded with zeros."""
    rows, columns = y.shape
    packed = np.zeros(packed_shape(rows, columns))
    for m in range(columns):
        packed[m // 16, :, m % 16] = y[:, m]
    return packed


def test_packed_or_not_the_bits_are_the_same():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(39, 37)), rng.normal(size=(37, 37))
    wide = np.zeros((37, padded(37)))
    wide[:, :37] = y
    out, packed_out = np.full((2, 39, padded(37)), np.nan)
    both(out, packed_out, x, (1, 38), 35, wide, pack(y))
    np.testing.assert_array_equal(packed_out, out)
    np.testing.assert_allclose(out[1:38, :37], x[1:38, :35] @ y[:35], rtol=1e-13, atol=1e-13)
    assert np.isnan(out[[0, 38]]).all()


def test_a_product_is_subtracted_from_16_columns():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(48, 48)), rng.normal(size=(5, 64))
    found = X.copy()
    subtract(found, (32, 48), (3, 8), 32, y)
    X[32:, 32:] -= X[32:, 3:8] @ y[:, 32:48]
    np.testing.assert_allclose(found, X, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(("N", "rank"), [(3, 3), (16, 15), (40, 39), (130, 130), (130, 20)])
def test_the_factor_of_a_covariance(N, rank):
    """Of one whose columns sum to 0 a pivot is 0; of a smaller rank, as many as are missing."""
    rng = np.random.default_rng(N)
    root = rng.normal(size=(N, rank))
    if rank == N - 1:
        root -= root.mean(axis=0)
    wide = padded(N)
    X = np.zeros((wide, wide))
    X[:N, :N] = np.tril(root @ root.T)
    factor(X, np.zeros((BLOCK_COLUMNS, wide + 16)))
    L = X[:N, :N]
    np.testing.assert_array_equal(L, np.tril(L))
    assert not X[N:].any()
    np.testing.assert_allclose(L @ L.T, root @ root.T, rtol=0, atol=1e-9 * N)
    if rank == N:
        np.testing.assert_allclose(L, np.linalg.cholesky(root @ root.T), rtol=1e-6, atol=1e-9)
    assert (np.diag(L) > 0).sum() == rank
