"""The arrays that kernels share, in named groups. Arrays are changed in place unless noted."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from scbsim.kernels.allocate import aligned_zeros, row_length
from scbsim.kernels.random.normal import BLOCK, LANE_WORDS, ROW
from scbsim.kernels.types import F64, I64, U32, Floats

_NONE = np.zeros((0, 0))


class Attention(NamedTuple):
    """The attention matrix by its columns: ``a_k = s_k + c_k 1`` (`docs/model.md`, section 4)."""

    # (N, T) float32 or float64: s_k off the support of q_k, exactly 0 on it; (N, 0) if not stored
    bulk: Floats
    support: F64  # (N, Q): s_k at the positions of q_k
    positions: I64  # (N, Q): those positions, ascending in each row; not changed
    weights: F64  # (N, Q): q_k there; not changed
    off_sums: F64  # (N, 2): sum of the entries off the support, and of their squares
    # (N, blocks, 4): the same for each block of `bulk`, and scratch for sums of higher powers
    block_sums: F64
    noise: F64  # (N, Q): the step's normals at the support
    first: int = 0  # the column in row 0; not 0 in a process that has only some of the columns
    # of rules with memory, else empty: that of each entry of `bulk`, 0 on the support, and of
    # `support`
    memory: Floats = _NONE
    support_memory: F64 = _NONE


def without_bulk(A: Attention) -> Attention:
    """Return A with an empty bulk, so that a kernel is compiled for one type only."""
    return A._replace(bulk=_NONE, memory=_NONE)


class Value(NamedTuple):
    """The value matrix, ``W = (V - mu 1') diag(sqrt(mu))``.

    If V is stored by its scalars only, ``W`` and all arrays with its rows are empty.
    """

    W: F64  # (N, N)
    target: F64  # (N, N): P~; not changed
    root_mu: F64  # (N,): sqrt(mu); not changed
    scalars: F64  # (2,): alpha_V and rho_V^2 = ||W - alpha_V P~||_F^2
    column_sums: F64  # scratch, (groups, N): sums over a group of rows
    # scratch, (N, 2): each row's products with `root_mu` and with the target's row, later its part
    # of rho_V^2
    row_dots: F64


class ProblemConstants(NamedTuple):
    """Numbers of the task and of the random stream, which no step changes.

    They are replaced when V is taken from another run: its ``V mu`` differs from mu if it was
    trained for another mu.
    """

    mu: F64  # (N,)
    T: float
    K_P: float
    K_Q: float
    mu_square: float  # |mu|^2
    mean_square: float  # |V mu|^2
    mean_dot: float  # mu'V mu
    mean_off: float  # |V mu - mu|^2
    D_V: float  # dimensions of the projected space of V, (N - 1)^2
    seed: np.uint64
    replica: np.uint64


class Model(NamedTuple):
    """What a step changes, and the numbers of the task."""

    A: Attention
    V: Value
    constants: ProblemConstants


NO_SCHEDULE = np.zeros((0, 6))


class StepParams(NamedTuple):
    """The parameters of every step of a call, or of one: see `schedule.at_step`."""

    rule: Any  # an integer or a `KernelRule`: see `rules`
    rate_A: float
    rate_V: float
    # (N,): noise level of the gradient in each column of A; under matched noise that of its zeros
    # off the support
    sigma_A: F64
    threshold: F64  # (N,): l1 threshold of each column
    sigma_V: float  # noise level of the gradient of W
    until_signal: float  # the call ends when a signal reaches this; infinity for never
    matched: F64 | None = None  # (N, 6): see `matched.coefficients`; None for isotropic noise
    # the address of the step in which sums of third and fourth powers of the bulk are taken, while
    # its entries are in the cache; -1 for none
    powers_step: int = -1
    threshold_scale: float = 1.0  # thresholds are multiplied by it
    noise_scale: float = 1.0  # levels of noise are multiplied by it
    batch: float = 1.0  # samples of a real batch
    # (steps, 6): the parameters of each step of the call, see `schedule`; (0, 6) if all steps have
    # those above
    schedule: F64 = NO_SCHEDULE


class Scratch(NamedTuple):
    """Buffers, one row for each share of the work; a thread takes a share.

    ``Floats`` are of the type of the bulk.
    """

    z: Floats  # (shares, BLOCK)
    tail: Floats  # (shares, BLOCK)
    words: U32  # (shares, LANE_WORDS)
    sums: Floats  # (shares, 2 ROW)
    wide_z: F64  # (shares, BLOCK)
    wide_words: U32  # (shares, 2 BLOCK)
    row_1: F64  # (shares, N'), N' >= N such that no two rows share a cache line
    row_2: F64  # (shares, N')


def make_scratch(shares: int, N: int, dtype: DTypeLike) -> Scratch:
    """Allocate the buffers."""
    return Scratch(
        z=aligned_zeros((shares, BLOCK), dtype),
        tail=aligned_zeros((shares, BLOCK), dtype),
        words=aligned_zeros((shares, LANE_WORDS), np.uint32),
        sums=aligned_zeros((shares, 2 * ROW), dtype),
        wide_z=aligned_zeros((shares, BLOCK), np.float64),
        wide_words=aligned_zeros((shares, 2 * BLOCK), np.uint32),
        row_1=aligned_zeros((shares, row_length(N))),
        row_2=aligned_zeros((shares, row_length(N))),
    )
