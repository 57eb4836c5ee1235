"""One step of the dense attention matrix: noise, decay, threshold and sums in one pass.

The entries off the support of ``q_k`` are in ``bulk``, one contiguous row for each column of A. The
few support entries are stored apart, in float64, and the bulk is exactly 0 there. Work is cut into
blocks of 2048 positions of one column. Sums are kept per block and added up in order, so the bits
do not depend on how blocks are distributed over threads.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel
from scbsim.kernels.gaussian.block_update import factor_and_rate, step_block
from scbsim.kernels.gaussian.bulk_noise import Place, first_at_least
from scbsim.kernels.gaussian.column_step import ColumnStep
from scbsim.kernels.gaussian.state import Attention, Scratch, StepParams
from scbsim.kernels.matched.coefficients import curve_of, is_noisy, reference_level
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.power_sums import sum_powers
from scbsim.kernels.random.normal import BLOCK, ROW, seed_lanes
from scbsim.kernels.random.philox import NOISE_A, counter_words, split_seed
from scbsim.kernels.random.row_sums import sum_block
from scbsim.kernels.types import U32, Address, Floats, Int, Part


@inline_jit
def _copy(to: Floats, entries: Floats) -> None:
    """Copy entries to the begin of an array; with unsigned indices, the loop has vectors."""
    for i in range(np.uint64(entries.size)):
        to[i] = entries[i]


@internal_jit
def _step_block(
    A: Attention,
    which: tuple[Int, Int],
    params: StepParams,
    kappa: float,
    stream: Address,
    own: tuple[Floats, Floats, U32, Floats],
    joint: JointNoise | None,
) -> None:
    """Step a block, given its column and its number; ``own`` is the scratch of one share."""
    k, block = which
    z, tail, words, sums = own
    step, seed, replica = stream
    real = z.dtype.type
    sigma = params.sigma_A[k]
    factor, own_rate = factor_and_rate(params.rule, params.rate_A, z)
    numbers = ColumnStep(
        real(factor * kappa),
        real(factor * (params.noise_scale * reference_level(params.matched, sigma, k))),
        real(factor * (params.threshold_scale * params.threshold[k])),
        curve_of(params.matched, sigma, k, z),
        None,
        own_rate,
    )
    start = block * BLOCK
    count = min(BLOCK, A.bulk.shape[1] - start)
    rows = np.uint64((count + ROW - 1) // ROW)
    noisy = is_noisy(params.matched, sigma, k)
    if noisy:
        seed_lanes(
            words, block, counter_words(A.first + k, step, NOISE_A, replica), split_seed(seed)
        )
    place = Place(k, block, start, count, rows, first_at_least(A.positions[k], start), noisy)
    if count == BLOCK:
        s = A.bulk[k, start : start + BLOCK]
    else:
        s = tail
        _copy(s, A.bulk[k, start : start + count])
        for i in range(np.uint64(count), rows * np.uint64(ROW)):
            s[i] = real(0)
    total, squares = step_block(joint, params, A, place, s, (numbers, factor), (z, sums, words))
    A.block_sums[k, block, 0] = total
    A.block_sums[k, block, 1] = squares
    if np.int64(step) == params.powers_step:
        if squares == 0.0:
            # So are all higher powers, in their own precision.
            A.block_sums[k, block, 2] = 0.0
            A.block_sums[k, block, 3] = 0.0
        else:
            sum_powers(s, rows, sums, A.block_sums[k, block])
    if count < BLOCK:
        _copy(A.bulk[k, start : start + count], s[:count])


@internal_jit
def step_bulk_share(
    part: Part,
    A: Attention,
    params: StepParams,
    kappa: float,
    at: Address,
    S: Scratch,
    joint: JointNoise | None = None,
) -> None:
    """Step one share of the entries off the support, and draw ``A.noise``.

    Parameters
    ----------
    part : (share, shares)
        Of the blocks of all columns.
    kappa : float64
        ``||W||_F^2`` before the step.
    """
    share, shares = part
    per_column = A.block_sums.shape[1]
    total = A.block_sums.shape[0] * per_column
    own = (S.z[share], S.tail[share], S.words[share], S.sums[share])
    for index in range(total * share // shares, total * (share + 1) // shares):
        which = (index // per_column, index % per_column)
        _step_block(A, which, params, kappa, at, own, joint)


@internal_jit
def finish_bulk(A: Attention) -> None:
    """Add up the sums of all blocks into ``off_sums``, in order."""
    for k in range(A.block_sums.shape[0]):
        total, squares = 0.0, 0.0
        for block in range(A.block_sums.shape[1]):
            total += A.block_sums[k, block, 0]
            squares += A.block_sums[k, block, 1]
        A.off_sums[k, 0] = total
        A.off_sums[k, 1] = squares


@kernel
def sum_bulk(A: Attention, S: Scratch) -> None:
    """Write ``A.block_sums`` of a bulk that no step has made, with the bits of a step."""
    s = S.tail[0]
    for k in range(A.block_sums.shape[0]):
        for block in range(A.block_sums.shape[1]):
            start = block * BLOCK
            count = min(BLOCK, A.bulk.shape[1] - start)
            s[count:] = s.dtype.type(0)
            for i in range(count):
                s[i] = A.bulk[k, start + i]
            total, squares = sum_block(s, np.uint64((count + ROW - 1) // ROW), S.sums[0])
            A.block_sums[k, block, 0] = total
            A.block_sums[k, block, 1] = squares
