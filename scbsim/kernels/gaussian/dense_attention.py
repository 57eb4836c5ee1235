"""One step of the dense attention matrix: noise, decay, threshold and sums in one pass.

Off the support of ``q_k`` the matrix is held in ``bulk``, by columns of A, each contiguous; the few
support entries live apart, in float64, and the bulk is exactly 0 there. Work is cut into blocks of
2048 positions of one column. Their sums are kept block by block and added up in order, so the bits
do not depend on how blocks are shared out over threads.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.gaussian.rules import DENOISE, PROX, SGD
from scbsim.kernels.gaussian.soft_threshold import soft
from scbsim.kernels.gaussian.state import Attention, Scratch, StepParams
from scbsim.kernels.matched.coefficients import amplitude_at, curve_of, is_noisy, reference_level
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.philox import NOISE_A, counter_words, split_seed
from scbsim.kernels.simd.prefetch import prefetch
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import I64, U32, Address, Curve, Floats, Int, Real

_LANES = np.uint64(BLOCK // 4)


@inline_jit
def _entry(rule: int, s: Real, z: Real, constants: tuple[Real, Real, Real], curve: Curve) -> Real:
    """Return the next ``s`` off the support: the rules of `rules` with their constants folded.

    The decay is kept apart from 1: their difference, rounded to float32, would change the rate at
    which entries decay.
    """
    decay, amplitude, threshold = constants
    change = decay * s + amplitude_at(curve, amplitude, s) * z
    if rule == PROX:
        return soft(s - change, threshold)
    if rule == DENOISE:
        return s - soft(change, threshold)
    return s - change


@inline_jit
def _update(
    rule: int,
    s: Floats,
    z: Floats,
    rows: Int,
    constants: tuple[Real, Real, Real],
    curve: Curve,
    sum_1: Floats,
    sum_2: Floats,
) -> None:
    """Step a whole block in four streams; leave sums of four entries and of their squares.

    Distances between the streams are constants and indices unsigned: see `xoshiro.fill_words`.
    """
    for i in range(np.uint64(rows)):
        j, k, m = i + _LANES, i + np.uint64(2) * _LANES, i + np.uint64(3) * _LANES
        a = _entry(rule, s[i], z[i], constants, curve)
        b = _entry(rule, s[j], z[j], constants, curve)
        c = _entry(rule, s[k], z[k], constants, curve)
        d = _entry(rule, s[m], z[m], constants, curve)
        s[i] = a
        s[j] = b
        s[k] = c
        s[m] = d
        sum_1[i] = (a + b) + (c + d)
        sum_2[i] = (a * a + b * b) + (c * c + d * d)


@internal_jit
def _update_by_rule(
    rule: int,
    s: Floats,
    z: Floats,
    rows: Int,
    constants: tuple[Real, Real, Real],
    curve: Curve,
    sum_1: Floats,
    sum_2: Floats,
) -> tuple[float, float]:
    """Step a block; return the sum of its entries and the sum of their squares."""
    if rule == PROX:
        _update(PROX, s, z, rows, constants, curve, sum_1, sum_2)
    elif rule == DENOISE:
        _update(DENOISE, s, z, rows, constants, curve, sum_1, sum_2)
    else:
        _update(SGD, s, z, rows, constants, curve, sum_1, sum_2)
    return np.float64(pairwise_sum(sum_1[:rows])), np.float64(pairwise_sum(sum_2[:rows]))


@inline_jit
def first_at_least(positions: I64, bound: Int) -> Int:
    """Return the index of the first of some ascending positions that is not below a bound."""
    low, high = 0, positions.size
    while low < high:
        middle = (low + high) // 2
        if positions[middle] < bound:
            low = middle + 1
        else:
            high = middle
    return low


@internal_jit
def _step_block(
    A: Attention,
    k: Int,
    block: Int,
    params: StepParams,
    kappa: float,
    stream: Address,
    own: tuple[Floats, Floats, U32, Floats, Floats],
) -> None:
    """Step one block of column k; ``own`` is this share's scratch."""
    z, tail, words, sum_1, sum_2 = own
    step, seed, replica = stream
    real = z.dtype.type
    rate, sigma = params.rate_A, params.sigma_A[k]
    constants = (
        real(rate * kappa),
        real(rate * reference_level(params.matched, sigma, k)),
        real(rate * params.threshold[k]),
    )
    curve = curve_of(params.matched, sigma, k, z)
    start = block * BLOCK
    count = min(BLOCK, A.bulk.shape[1] - start)
    # Drawing the noise takes longer than memory does to bring what it is added to.
    prefetch(A.bulk[k, start : start + count])
    if is_noisy(params.matched, sigma, k):
        counter = counter_words(A.first + k, step, NOISE_A, replica)
        fill_normals(z, words, count, block, counter, split_seed(seed))
    else:
        z[:] = real(0)
    for j in range(first_at_least(A.positions[k], start), A.positions.shape[1]):
        place = A.positions[k, j] - start
        if place >= count:
            break
        # Where s and its noise are 0 the entry stays at 0, and out of the sums.
        A.noise[k, j] = z[place]
        z[place] = real(0)
    if count == BLOCK:
        s = A.bulk[k, start : start + BLOCK]
    else:
        z[count:] = real(0)
        tail[count:] = real(0)
        for i in range(count):
            tail[i] = A.bulk[k, start + i]
        s = tail
    rows = min(count, BLOCK // 4)
    total, squares = _update_by_rule(params.rule, s, z, rows, constants, curve, sum_1, sum_2)
    A.block_sums[k, block, 0] = total
    A.block_sums[k, block, 1] = squares
    if count < BLOCK:
        for i in range(count):
            A.bulk[k, start + i] = tail[i]


@internal_jit
def step_bulk_share(
    share: Int, shares: Int, A: Attention, params: StepParams, kappa: float, at: Address, S: Scratch
) -> None:
    """Step one share of everything off the support, and draw ``noise``.

    Parameters
    ----------
    share, shares : int64
        Which of how many shares of all blocks, counted through the columns.
    A : Attention
    params : StepParams
    kappa : float64
        ``||W||_F^2`` before the step.
    at : (step, seed, replica)
        The step's place in the random stream.
    S : Scratch
    """
    per_column = A.block_sums.shape[1]
    total = A.block_sums.shape[0] * per_column
    own = (S.z[share], S.tail[share], S.words[share], S.sum_1[share], S.sum_2[share])
    for index in range(total * share // shares, total * (share + 1) // shares):
        _step_block(A, index // per_column, index % per_column, params, kappa, at, own)


@internal_jit
def finish_bulk(A: Attention) -> None:
    """Add up ``off_sums`` from the blocks' sums, in order."""
    for k in range(A.block_sums.shape[0]):
        total, squares = 0.0, 0.0
        for block in range(A.block_sums.shape[1]):
            total += A.block_sums[k, block, 0]
            squares += A.block_sums[k, block, 1]
        A.off_sums[k, 0] = total
        A.off_sums[k, 1] = squares
