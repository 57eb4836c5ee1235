"""The arrays that kernels share, grouped and named. All are changed in place unless said."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.types import F64, I64, U32, Floats


class Attention(NamedTuple):
    """The attention matrix by its columns: ``a_k = s_k + c_k 1`` (`docs/model.md`, section 4).

    Attributes
    ----------
    bulk : (N, T) float32 or float64
        ``s_k`` off the support of ``q_k``; exactly 0 on it. (N, 0) where nothing lives off it.
    support : (N, Q) float64
        ``s_k`` at the positions of ``q_k``.
    positions : (N, Q) int64
        Those positions, ascending in each row. Not changed.
    weights : (N, Q) float64
        ``q_k`` there. Not changed.
    off_sums : (N, 2) float64
        Sum of ``bulk[k]`` and of its squares.
    block_sums : (N, blocks, 2) float64
        The same block by block.
    noise : (N, Q) float64
        The step's normals at the support.
    first : int
        The column that row 0 stands for: above 0 where only some of the columns are here.
    """

    bulk: Floats
    support: F64
    positions: I64
    weights: F64
    off_sums: F64
    block_sums: F64
    noise: F64
    first: int = 0


_NO_BULK = np.zeros((0, 0))


def without_bulk(A: Attention) -> Attention:
    """Return what is known of A beside its bulk: one type, whatever that of the bulk."""
    return A._replace(bulk=_NO_BULK)


class Value(NamedTuple):
    """The value matrix, ``W = (V - mu 1') diag(sqrt(mu))``.

    Attributes
    ----------
    W : (N, N) float64
        Where V is known by its scalars, this and all that has a row per row of it is empty.
    target : (N, N) float64
        ``P~``. Not changed.
    root_mu : (N,) float64
        ``sqrt(mu)``. Not changed.
    scalars : (2,) float64
        ``alpha_V`` and ``rho_V^2 = ||W - alpha_V P~||_F^2``.
    column_sums : (groups, N) float64
        Scratch: sums over a group of rows.
    row_dots : (N, 2) float64
        Scratch: of each row its products with ``root_mu`` and with the target's row, later its
        share of ``rho_V^2``.
    """

    W: F64
    target: F64
    root_mu: F64
    scalars: F64
    column_sums: F64
    row_dots: F64


class ProblemConstants(NamedTuple):
    """Numbers of the task and of the random stream, which no step changes.

    It is replaced where V starts from another run, or is restored: ``V mu`` may be another then.

    Attributes
    ----------
    mu : (N,) float64
    T : float64
    K_P, K_Q, mu_square : float64
        ``mu_square`` is ``|mu|^2``.
    mean_square, mean_dot, mean_off : float64
        Of ``V mu``, which no step changes: its square, its product with mu, and the square of its
        distance from mu. The first two are ``|mu|^2`` and the last 0 unless V was trained for
        another mu.
    D_V : float64
        Dimensions in which V moves, ``(N - 1)^2``.
    seed, replica : uint64
    """

    mu: F64
    T: float
    K_P: float
    K_Q: float
    mu_square: float
    mean_square: float
    mean_dot: float
    mean_off: float
    D_V: float
    seed: np.uint64
    replica: np.uint64


class StepParams(NamedTuple):
    """What a stage does in every step.

    Attributes
    ----------
    rule : int
        See `rules`.
    rate_A, rate_V : float64
    sigma_A : (N,) float64
        Noise level of the gradient of each column of A: of all its entries, or under matched noise
        of those that are at 0 off the support.
    threshold : (N,) float64
        l1 threshold of each column.
    sigma_V : float64
        Noise level of the gradient of W.
    until_signal : float64
        Stop when a signal gets there; infinity for never.
    matched : (N, 6) float64 or None
        What levels under matched noise are made of (see `matched`); None where it is isotropic.
    """

    rule: int
    rate_A: float
    rate_V: float
    sigma_A: F64
    threshold: F64
    sigma_V: float
    until_signal: float
    matched: F64 | None = None


class Scratch(NamedTuple):
    """Buffers, one row per share of the work.

    Attributes
    ----------
    z, tail : (shares, BLOCK) of the bulk's type
    words : (shares, M) uint32
    sum_1, sum_2 : (shares, BLOCK // 4) of the bulk's type
    wide_z : (shares, BLOCK) float64
    wide_words : (shares, 2 BLOCK) uint32
    row_1, row_2 : (shares, N) float64
    """

    z: Floats
    tail: Floats
    words: U32
    sum_1: Floats
    sum_2: Floats
    wide_z: F64
    wide_words: U32
    row_1: F64
    row_2: F64


def make_scratch(shares: int, N: int, dtype: DTypeLike) -> Scratch:
    """Allocate the buffers for a number of shares."""
    single = np.dtype(dtype) == np.float32
    return Scratch(
        z=np.zeros((shares, BLOCK), dtype),
        tail=np.zeros((shares, BLOCK), dtype),
        words=np.zeros((shares, BLOCK if single else 2 * BLOCK), np.uint32),
        sum_1=np.zeros((shares, BLOCK // 4), dtype),
        sum_2=np.zeros((shares, BLOCK // 4), dtype),
        wide_z=np.zeros((shares, BLOCK), np.float64),
        wide_words=np.zeros((shares, 2 * BLOCK), np.uint32),
        row_1=np.zeros((shares, N), np.float64),
        row_2=np.zeros((shares, N), np.float64),
    )
