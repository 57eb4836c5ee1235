"""The noise of W, drawn before its step: `docs/model.md`, section 5b."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import prange

from scbsim.kernels.compile.jit import internal_jit, parallel_jit
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.philox import JOINT_OUTPUTS, NOISE_V, counter_words, split_seed
from scbsim.kernels.simd.matmul import multiply
from scbsim.kernels.types import F64, Address, Int

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Scratch, Value

_THREADS_FROM = 64  # rows; below, starting threads costs more than they save
_ROWS = 4


@internal_jit
def fill_row(
    out: F64, count: Int, row: Int, purpose: int, at: Address, S: Scratch, share: Int
) -> None:
    """Fill the first numbers of an array with the normals of a row."""
    step, seed, replica = at
    counter, key = counter_words(row, step, purpose, replica), split_seed(seed)
    z, words = S.wide_z[share], S.wide_words[share]
    for block in range((count + BLOCK - 1) // BLOCK):
        start = block * BLOCK
        size = min(BLOCK, count - start)
        fill_normals(z, words, size, block, counter, key)
        for i in range(size):
            out[start + i] = z[i]


@internal_jit
def _fill_rows(share: Int, shares: Int, joint: JointNoise, at: Address, S: Scratch) -> None:
    N = joint.root_P.shape[0]
    for n in range(N * share // shares, N * (share + 1) // shares):
        fill_row(joint.common[n], N, n, NOISE_V, at, S, share)
        fill_row(joint.outputs[n], N, n, JOINT_OUTPUTS, at, S, share)


@internal_jit
def _rows_of_noise(share: Int, shares: Int, V: Value, joint: JointNoise) -> None:
    N: Int = np.int64(joint.root_P.shape[0])
    of_V, of_P, sums = joint.of_columns[0], joint.of_columns[1], joint.of_columns[2]
    outputs = joint.mix[3]
    groups = (N + _ROWS - 1) // _ROWS
    for group in range(groups * share // shares, groups * (share + 1) // shares):
        first: Int = _ROWS * group
        last: Int = np.int64(min(_ROWS * (group + 1), N))
        # The factor is triangular: row n of the product has n + 1 terms.
        multiply(joint.of_W, joint.shape, (first, last), last, True, joint.common)
        for n in range(first, last):
            row, W, target = joint.of_W[n], V.W[n], V.target[n]
            root, z = joint.root_P[n], joint.outputs[n]
            with_W, with_P = 0.0, 0.0
            for m in range(N):
                drawn = root[m] * (z[m] - root[m] * sums[m])
                x = row[m] + (of_V[m] * W[m] + of_P[m] * target[m]) + outputs * drawn
                row[m] = x
                with_W += x * W[m]
                with_P += x * target[m]
            joint.products[n, 0], joint.products[n, 1] = with_W, with_P


@parallel_jit
def _parallel_fill(joint: JointNoise, at: Address, S: Scratch) -> None:
    shares = S.z.shape[0]
    for share in prange(shares):
        _fill_rows(np.int64(share), np.int64(shares), joint, at, S)


@parallel_jit
def _parallel_rows(shares: Int, V: Value, joint: JointNoise) -> None:
    for share in prange(shares):
        _rows_of_noise(np.int64(share), np.int64(shares), V, joint)


@internal_jit
def _draw_columns(V: Value, joint: JointNoise, at: Address, S: Scratch) -> None:
    """Draw the factors of V and of its target, and add up the outputs."""
    N = np.int64(joint.root_P.shape[0])
    fill_row(joint.of_columns[0], N, N, NOISE_V, at, S, np.int64(0))
    fill_row(joint.of_columns[1], N, N, JOINT_OUTPUTS, at, S, np.int64(0))
    _scale_columns(V, joint)


@internal_jit
def _scale_columns(V: Value, joint: JointNoise) -> None:
    N = np.int64(joint.root_P.shape[0])
    of_V, of_P, sums = joint.of_columns[0], joint.of_columns[1], joint.of_columns[2]
    for m in range(N):
        one, other = of_V[m], of_P[m]
        of_V[m] = joint.mix[0] * one / V.root_mu[m]
        of_P[m] = (joint.mix[1] * one + joint.mix[2] * other) / V.root_mu[m]
        sums[m] = 0.0
    for n in range(N):
        root, z = joint.root_P[n], joint.outputs[n]
        for m in range(N):
            sums[m] += root[m] * z[m]


@internal_jit
def _add_up(joint: JointNoise) -> tuple[float, float]:
    with_W, with_P = 0.0, 0.0
    for n in range(joint.products.shape[0]):
        with_W += joint.products[n, 0]
        with_P += joint.products[n, 1]
    return with_W, with_P


@internal_jit
def draw_value_noise(V: Value, joint: JointNoise, at: Address, S: Scratch) -> tuple[float, float]:
    """Draw ``joint.of_W`` for a level of 1; return its products with W and with the target."""
    # With literals in place of these int64s all of it would be compiled a second time.
    one, of = np.int64(0), np.int64(1)
    _fill_rows(one, of, joint, at, S)
    _draw_columns(V, joint, at, S)
    _rows_of_noise(one, of, V, joint)
    return _add_up(joint)


@internal_jit
def value_noise(V: Value, joint: JointNoise) -> tuple[float, float]:
    """Do the same with normals that ``joint`` has in its arrays."""
    _scale_columns(V, joint)
    _rows_of_noise(np.int64(0), np.int64(1), V, joint)
    return _add_up(joint)


@internal_jit
def draw_value_noise_on_threads(
    V: Value, joint: JointNoise, at: Address, S: Scratch
) -> tuple[float, float]:
    """Do the same on as many threads as there are shares."""
    shares = np.int64(S.z.shape[0])
    if shares == 1 or joint.products.shape[0] < _THREADS_FROM:
        return draw_value_noise(V, joint, at, S)
    _parallel_fill(joint, at, S)
    _draw_columns(V, joint, at, S)
    _parallel_rows(shares, V, joint)
    return _add_up(joint)
