"""The arrays that kernels share, in named groups. Arrays are changed in place unless noted."""

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
        ``s_k`` off the support of ``q_k``; exactly 0 on it. (N, 0) if these are not stored.
    support : (N, Q) float64
        ``s_k`` at the positions of ``q_k``.
    positions : (N, Q) int64
        Those positions, ascending in each row. Not changed.
    weights : (N, Q) float64
        ``q_k`` there. Not changed.
    off_sums : (N, 2) float64
        Sum of the entries off the support, and of their squares.
    block_sums : (N, blocks, 2) float64
        The same for each block of ``bulk[k]``.
    noise : (N, Q) float64
        The step's normals at the support.
    first : int
        The column in row 0; not 0 in a process that has only some of the columns.
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
    """Return A with an empty bulk, so that a kernel is compiled for one type only."""
    return A._replace(bulk=_NO_BULK)


class Value(NamedTuple):
    """The value matrix, ``W = (V - mu 1') diag(sqrt(mu))``.

    Attributes
    ----------
    W : (N, N) float64
        If V is stored by its scalars only, this and all arrays with its rows are empty.
    target : (N, N) float64
        ``P~``. Not changed.
    root_mu : (N,) float64
        ``sqrt(mu)``. Not changed.
    scalars : (2,) float64
        ``alpha_V`` and ``rho_V^2 = ||W - alpha_V P~||_F^2``.
    column_sums : (groups, N) float64
        Scratch: sums over a group of rows.
    row_dots : (N, 2) float64
        Scratch: each row's products with ``root_mu`` and with the target's row, later its part of
        ``rho_V^2``.
    """

    W: F64
    target: F64
    root_mu: F64
    scalars: F64
    column_sums: F64
    row_dots: F64


class ProblemConstants(NamedTuple):
    """Numbers of the task and of the random stream, which no step changes.

    They are replaced when V is taken from another run, whose ``V mu`` may differ.

    Attributes
    ----------
    mu : (N,) float64
    T : float64
    K_P, K_Q, mu_square : float64
        ``mu_square`` is ``|mu|^2``.
    mean_square, mean_dot, mean_off : float64
        ``|V mu|^2``, ``mu'V mu`` and ``|V mu - mu|^2``. No step changes ``V mu``, and it is mu
        unless V was trained for another one.
    D_V : float64
        Dimensions of the projected space of V, ``(N - 1)^2``.
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
    """The parameters of every step of a stage.

    Attributes
    ----------
    rule : int
        See `rules`.
    rate_A, rate_V : float64
    sigma_A : (N,) float64
        Noise level of the gradient in each column of A: of all its entries, or under matched noise
        of its zeros off the support.
    threshold : (N,) float64
        l1 threshold of each column.
    sigma_V : float64
        Noise level of the gradient of W.
    until_signal : float64
        The call ends when a signal reaches this; infinity for never.
    matched : (N, 6) float64 or None
        Coefficients of the levels under matched noise (see `matched`); None if it is isotropic.
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
    """Buffers, one row for each share of the work; a thread takes a share.

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
    """Allocate the buffers."""
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
