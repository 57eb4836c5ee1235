"""The noise of a step that A and V share, drawn before their own: `docs/model.md`, section 5b."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.matched.covariances import has_rest
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.random.normal import BLOCK, fill_matrix
from scbsim.kernels.random.philox import JOINT, JOINT_BLOCKS, counter_words, split_seed
from scbsim.kernels.types import F64, Address, Factors, Int, Real

if TYPE_CHECKING:
    from scbsim.kernels.gaussian.state import (
        Attention,
        Model,
        ProblemConstants,
        Scratch,
        StepParams,
        Value,
    )


@internal_jit
def _fill(out: F64, purpose: int, at: Address, S: Scratch) -> None:
    """Fill a contiguous matrix with normals."""
    step, seed, replica = at
    counter, key = counter_words(0, step, purpose, replica), split_seed(seed)
    fill_matrix(out, counter, key, (S.wide_z[0], S.wide_words[0]))


@inline_jit
def off_support(A: Attention, k: int, T: float) -> tuple[float, float]:
    """Return the intercept of a column, and the square of ``a_k`` off the support."""
    Q = A.support.shape[1]
    total = A.off_sums[k, 0]
    for j in range(Q):
        total += A.support[k, j]
    c = (1.0 - total) / T
    return c, max(A.off_sums[k, 1] + c * (2.0 * A.off_sums[k, 0] + (T - Q) * c), 0.0)


@internal_jit
def draw_columns(
    A: Attention,
    constants: ProblemConstants,
    joint: JointNoise,
    scale: float,
    at: Address,
    S: Scratch,
) -> tuple[float, float]:
    """Draw the noise of y in every column; result as :func:`noise_of_columns`."""
    _fill(joint.y, JOINT, at, S)
    return noise_of_columns(A, constants, joint, scale)


@internal_jit
def noise_of_columns(
    A: Attention, constants: ProblemConstants, joint: JointNoise, scale: float
) -> tuple[float, float]:
    """Turn ``joint.y`` into the noise of y; return that along W and along the target of V.

    Noise is ``scale`` times that of the batch size of the levels.

    The noise of A at its support is written to ``A.noise``, and that along ``a_k`` off the support
    to ``joint.along``.
    """
    N, Q = A.support.shape
    common = 0.0
    for k in range(N):
        common += np.sqrt(constants.mu[k]) * joint.y[k, 0]
    along_W, along_P = 0.0, 0.0
    for k in range(N):
        mu, y, factor = constants.mu[k], joint.y[k], joint.factors[k]
        root = np.sqrt(mu)
        # Counts of queries are multinomial: their sum is the batch size.
        count = root * y[0] - mu * common
        for i in range(Q + 1, -1, -1):
            noise = 0.0
            for j in range(i + 1):
                noise += factor[i, 1 + j] * y[1 + j]
            y[1 + i] = scale * (factor[i, 0] * count + root * noise)
        c, square = off_support(A, k, constants.T)
        along_W += np.sqrt(square) * y[1 + Q]
        along_P += y[2 + Q]
        for j in range(Q):
            along_W += (A.support[k, j] + c) * y[1 + j]
            A.noise[k, j] = y[1 + j] / mu
        joint.along[k] = y[1 + Q] / mu
        joint.intercepts[k] = c
    return along_W, along_P


@inline_jit
def square_of_block(A: Attention, k: Int, block: Int, c: float, count: Int) -> float:
    """Return the square of ``a_k`` over the ``count`` entries of a block off the support."""
    total, squares = A.block_sums[k, block, 0], A.block_sums[k, block, 1]
    return max(squares + c * (2.0 * total + count * c), 0.0)


@internal_jit
def draw_blocks(
    A: Attention,
    constants: ProblemConstants,
    joint: JointNoise,
    scale: float,
    at: Address,
    S: Scratch,
) -> None:
    """Split the noise along ``a_k`` off the support over the blocks of the bulk.

    The parts of the blocks are independent, with variances in proportion to their parts of the
    square of ``a_k``, given their sum.
    """
    N, blocks = joint.blocks.shape
    _fill(joint.blocks, JOINT_BLOCKS, at, S)
    Q, T = A.positions.shape[1], A.bulk.shape[1]
    for k in range(N):
        parts, squares, own, j = joint.blocks[k], joint.squares, 0.0, 0
        total = 0.0
        for block in range(blocks):
            end = min((block + 1) * BLOCK, T)
            count = end - block * BLOCK
            while j < Q and A.positions[k, j] < end:
                count -= 1
                j += 1
            square = square_of_block(A, k, block, joint.intercepts[k], count)
            parts[block] *= scale * joint.level[k] * np.sqrt(square)
            own += parts[block]
            total += square
            squares[block] = square
        missing = joint.along[k] * np.sqrt(total) - own
        for block in range(blocks):
            parts[block] += squares[block] / total * missing if total > 0.0 else 0.0


@inline_jit
def with_plane(
    joint: JointNoise,
    V: Value,
    K_P: float,
    params: StepParams,
    factors: Factors,
    wanted: tuple[float, float],
    drawn: tuple[float, float],
) -> Factors:
    """Return the factors of the step of W with the part of its noise along W and P~ replaced.

    Parameters
    ----------
    factors : (keep, pull, amplitude)
        Of noise that is not replaced: see `gaussian.value`.
    wanted, drawn : (float, float)
        The noise's products with W and with the target; ``drawn`` is for a level of 1.
    """
    keep, pull, _ = factors
    rate, level = params.rate_V, params.noise_scale * joint.mix[4]
    alpha, rest = V.scalars[0], V.scalars[1]
    of_W, of_P = wanted[0] - level * drawn[0], wanted[1] - level * drawn[1]
    on_P, on_W = 0.0, 0.0
    if K_P > 0.0:
        on_P = of_P / K_P
    if has_rest(rest, alpha * alpha * K_P + rest):
        on_W = (of_W - alpha * of_P) / rest
    # The noise is subtracted, as from A.
    return keep - rate * on_W, pull - rate * (on_P - alpha * on_W), -rate * level


@inline_jit
def keep_normal(joint: JointNoise | None, A: Attention, k: Int, j: Int, z: Real) -> None:
    """Write the normal of a support entry, if its noise is not joint."""
    if joint is None:
        A.noise[k, j] = z


@inline_jit
def draw_joint(
    draw_W: Any,
    joint: JointNoise | None,
    model: Model,
    params: StepParams,
    factors: Factors,
    at: Address,
    S: Scratch,
) -> Factors:
    """Draw the joint noise of a step, if there is one; return the factors of the step of W.

    Parameters
    ----------
    draw_W : compiled function
        One of those in `value_noise`.
    """
    if joint is None:
        return factors
    A, V, constants = model
    along = draw_columns(A, constants, joint, params.noise_scale, at, S)
    if joint.blocks.shape[1] > 0:
        draw_blocks(A, constants, joint, params.noise_scale, at, S)
    drawn: tuple[float, float] = draw_W(V, joint, at, S)
    return with_plane(joint, V, constants.K_P, params, factors, along, drawn)
