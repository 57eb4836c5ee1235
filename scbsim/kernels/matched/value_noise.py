"""The noise of W, drawn before its step: `docs/model.md`, section 5b."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import prange

from scbsim.kernels.compile.jit import internal_jit, parallel_jit
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.philox import JOINT_OUTPUTS, NOISE_V, counter_words, split_seed
from scbsim.kernels.simd.matmul import multiply_panel
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import F64, Address, Int, Part

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import Scratch, Value

_THREADS_FROM = 64  # rows; below, starting threads costs more than they save
_ROWS = 8


@internal_jit
def _fill_share(part: Part, out: F64, purpose: int, at: Address, S: Scratch) -> None:
    """Fill a share of a contiguous array with normals, in blocks: of half a block half is lost."""
    share, shares = part
    step, seed, replica = at
    counter, key = counter_words(0, step, purpose, replica), split_seed(seed)
    z, words, flat = S.wide_z[share], S.wide_words[share], out.reshape(out.size)
    blocks = (flat.size + BLOCK - 1) // BLOCK
    for block in range(blocks * share // shares, blocks * (share + 1) // shares):
        start = block * BLOCK
        count = min(BLOCK, flat.size - start)
        fill_normals(z, words, count, block, counter, key)
        for i in range(count):
            flat[start + i] = z[i]


@internal_jit
def _fill(part: Part, joint: JointNoise, at: Address, S: Scratch) -> None:
    """Draw a share of all normals; those that pad a packed matrix are drawn, too."""
    _fill_share(part, joint.common, NOISE_V, at, S)
    _fill_share(part, joint.outputs, JOINT_OUTPUTS, at, S)


@internal_jit
def _finish_row(n: Int, V: Value, joint: JointNoise, own: tuple[F64, F64]) -> None:
    """Add the other parts of the noise of a row, and take its products."""
    with_W, with_P = own
    of_V, of_P, sums = joint.of_columns[0], joint.of_columns[1], joint.of_columns[2]
    row, W, target = joint.of_W[n], V.W[n], V.target[n]
    root, z, outputs = joint.root_P[n], joint.outputs[n], joint.mix[3]
    for m in range(W.size):
        drawn = root[m] * (z[m] - root[m] * sums[m])
        x = row[m] + (of_V[m] * W[m] + of_P[m] * target[m]) + outputs * drawn
        row[m] = x
        with_W[m] = x * W[m]
        with_P[m] = x * target[m]
    joint.products[n, 0], joint.products[n, 1] = pairwise_sum(with_W), pairwise_sum(with_P)


@internal_jit
def _rows_of_noise(share: Int, shares: Int, V: Value, joint: JointNoise, S: Scratch) -> None:
    """Do a share of the groups of eight rows: every so many, as the last have the most terms."""
    N: Int = np.int64(joint.root_P.shape[0])
    groups = (N + _ROWS - 1) // _ROWS
    for panel in range(joint.common.shape[0]):
        for group in range(share, groups, shares):
            # The factor is triangular: row n of the product has n + 1 terms.
            last: Int = np.int64(min(_ROWS * (group + 1), N))
            rows = (_ROWS * group, last)
            multiply_panel(joint.of_W, joint.shape, rows, last, joint.common, np.int64(panel))
    own = (S.row_1[share, :N], S.row_2[share, :N])
    for group in range(share, groups, shares):
        for n in range(_ROWS * group, min(_ROWS * (group + 1), N)):
            _finish_row(n, V, joint, own)


@parallel_jit
def _parallel_fill(joint: JointNoise, at: Address, S: Scratch) -> None:
    shares = S.z.shape[0]
    for share in prange(shares):
        _fill((np.int64(share), np.int64(shares)), joint, at, S)


@parallel_jit
def _parallel_rows(V: Value, joint: JointNoise, S: Scratch) -> None:
    shares = S.z.shape[0]
    for share in prange(shares):
        _rows_of_noise(np.int64(share), np.int64(shares), V, joint, S)


@internal_jit
def _set_columns(V: Value, joint: JointNoise) -> None:
    """Set the factors of V and of its target from their normals, and add up the outputs."""
    N = joint.root_P.shape[0]
    of_V, of_P, sums = joint.of_columns[0], joint.of_columns[1], joint.of_columns[2]
    for m in range(N):
        one, other = joint.outputs[N, m], joint.outputs[N + 1, m]
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
    _fill((one, of), joint, at, S)
    _set_columns(V, joint)
    _rows_of_noise(one, of, V, joint, S)
    return _add_up(joint)


@internal_jit
def value_noise(V: Value, joint: JointNoise, S: Scratch) -> tuple[float, float]:
    """Do the same with normals that ``joint`` has in its arrays."""
    _set_columns(V, joint)
    _rows_of_noise(np.int64(0), np.int64(1), V, joint, S)
    return _add_up(joint)


@internal_jit
def draw_value_noise_on_threads(
    V: Value, joint: JointNoise, at: Address, S: Scratch
) -> tuple[float, float]:
    """Do the same on as many threads as there are shares."""
    if S.z.shape[0] == 1 or joint.products.shape[0] < _THREADS_FROM:
        return draw_value_noise(V, joint, at, S)
    _parallel_fill(joint, at, S)
    _set_columns(V, joint)
    _parallel_rows(V, joint, S)
    return _add_up(joint)
