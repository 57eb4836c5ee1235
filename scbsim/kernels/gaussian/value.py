"""One step of the value matrix, and its signal.

The first pass adds the unprojected noise and computes the sums that the projections need; the
second projects the result. The old matrix lies in the projected space, so this equals projecting
the noise alone, and rounding errors cannot accumulate outside that space. Rows belong to a fixed
number of groups, so the bits do not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from scbsim.kernels.compile.jit import inline_jit, internal_jit, parallel_jit
from scbsim.kernels.gaussian.isotropic import step_component
from scbsim.kernels.gaussian.state import ProblemConstants, Scratch, StepParams, Value
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.philox import COLLAPSED_V, NOISE_V, counter_words, split_seed
from scbsim.kernels.simd.sums import pairwise_sum
from scbsim.kernels.types import F64, U32, Address, Factors, Int, Part

GROUPS = 32
"""The largest number of groups of rows; a matrix with fewer rows has a group for each."""

_THREADS_FROM = 64  # rows; below, starting threads costs more than they save


@inline_jit
def value_factors(params: StepParams, nA: float, qA: float) -> Factors:
    """Return the factors of a step of V, given ``nA`` and ``qA`` of `observe.couple` before it."""
    amplitude = params.rate_V * (params.noise_scale * params.sigma_V)
    return 1.0 - params.rate_V * nA, params.rate_V * qA, amplitude


@internal_jit
def _step_row(
    V: Value,
    n: Int,
    group: Int,
    factors: Factors,
    at: Address,
    own: tuple[F64, U32, F64, F64],
    joint: JointNoise | None,
) -> None:
    keep, pull, amplitude = factors
    step, seed, replica = at
    z, words, row_1, row_2 = own
    N = V.root_mu.size
    counter = counter_words(n, step, NOISE_V, replica)
    key = split_seed(seed)
    for block in range((N + BLOCK - 1) // BLOCK):
        start = block * BLOCK
        count = min(BLOCK, N - start)
        if joint is None:
            if amplitude > 0.0:
                fill_normals(z, words, count, block, counter, key)
            noise = z
        else:
            noise = joint.of_W[n, start : start + count]
        w, target = V.W[n, start : start + count], V.target[n, start : start + count]
        root, sums = V.root_mu[start : start + count], V.column_sums[group, start : start + count]
        with_root, with_target = row_1[start : start + count], row_2[start : start + count]
        for i in range(count):
            x = keep * w[i] + (pull * target[i] + amplitude * noise[i])
            w[i] = x
            sums[i] += x
            with_root[i] = x * root[i]
            with_target[i] = x * target[i]
    V.row_dots[n, 0] = pairwise_sum(row_1)
    V.row_dots[n, 1] = pairwise_sum(row_2)


@internal_jit
def _project_row(V: Value, n: Int, shift: F64, mean_dot: float, row_1: F64) -> None:
    """Project row n; write its part of ``rho^2`` to ``row_dots[n, 1]``."""
    alpha = V.scalars[0]
    off_row = V.row_dots[n, 0] - mean_dot
    w, target = V.W[n], V.target[n]
    for i in range(w.size):
        x = w[i] - shift[i] - off_row * V.root_mu[i]
        w[i] = x
        rest = x - alpha * target[i]
        row_1[i] = rest * rest
    V.row_dots[n, 1] = pairwise_sum(row_1)


@internal_jit
def step_value_share(
    part: Part,
    V: Value,
    factors: Factors,
    at: Address,
    S: Scratch,
    joint: JointNoise | None = None,
) -> None:
    """Take the first pass over one share of the rows of W.

    Parameters
    ----------
    part : (share, shares)
    factors : (keep, pull, amplitude)
        Both passes together do ``W <- keep W + pull P~ + amplitude Pi_L G Pi_R``.
    joint : JointNoise, optional
        If given, it has G.
    """
    share, shares = part
    N, groups = V.W.shape[0], V.column_sums.shape[0]
    own = (S.wide_z[share], S.wide_words[share], S.row_1[share, :N], S.row_2[share, :N])
    for group in range(groups * share // shares, groups * (share + 1) // shares):
        V.column_sums[group, :] = 0.0
        for n in range(N * group // groups, N * (group + 1) // groups):
            _step_row(V, n, group, factors, at, own, joint)


@internal_jit
def _project_share(
    share: Int, shares: Int, V: Value, shift: F64, mean_dot: float, S: Scratch
) -> None:
    N = V.row_dots.shape[0]
    for n in range(N * share // shares, N * (share + 1) // shares):
        _project_row(V, n, shift, mean_dot, S.row_1[share, :N])


@parallel_jit
def _project_shares(V: Value, shift: F64, mean_dot: float, S: Scratch) -> None:
    shares = S.z.shape[0]
    for share in prange(shares):
        _project_share(np.int64(share), np.int64(shares), V, shift, mean_dot, S)


@internal_jit
def _mean_of_columns(V: Value, K_P: float) -> tuple[F64, float]:
    """Update the signal; return the projections' shift of each column, and that of all rows."""
    N, groups = V.row_dots.shape[0], V.column_sums.shape[0]
    mean_dot, with_target = 0.0, 0.0
    for n in range(N):
        mean_dot += V.row_dots[n, 0]
        with_target += V.row_dots[n, 1]
    mean_dot /= N
    # The target lies in the projected space, so projecting W does not change its product with it.
    V.scalars[0] = with_target / K_P if K_P > 0.0 else 0.0
    shift = V.column_sums[0]
    for group in range(1, groups):
        for k in range(N):
            shift[k] += V.column_sums[group, k]
    for k in range(N):
        shift[k] /= N
    return shift, mean_dot


@internal_jit
def _sum_rest(V: Value) -> None:
    rest = 0.0
    for n in range(V.row_dots.shape[0]):
        rest += V.row_dots[n, 1]
    V.scalars[1] = rest


@internal_jit
def finish_value(V: Value, K_P: float, S: Scratch) -> None:
    """Take the second pass: project W and update its scalars."""
    shift, mean_dot = _mean_of_columns(V, K_P)
    if S.z.shape[0] > 1 and V.row_dots.shape[0] >= _THREADS_FROM:
        _project_shares(V, shift, mean_dot, S)
    else:
        _project_share(np.int64(0), np.int64(1), V, shift, mean_dot, S)
    _sum_rest(V)


@internal_jit
def step_scalars(scalars: F64, constants: ProblemConstants, factors: Factors, at: Address) -> None:
    """Step V on its scalars, ``alpha_V`` and ``rho_V^2``, without the matrix."""
    step, seed, replica = at
    counter = counter_words(0, step, COLLAPSED_V, replica)
    before, target = (scalars[0], scalars[1]), (constants.K_P, constants.D_V)
    alpha, rest, _ = step_component(before, target, factors, counter, split_seed(seed))
    scalars[0], scalars[1] = alpha, rest


@internal_jit
def step_value(
    V: Value,
    constants: ProblemConstants,
    factors: Factors,
    at: Address,
    S: Scratch,
    joint: JointNoise | None = None,
) -> None:
    """Take a whole step of V on one thread."""
    if V.W.size == 0:
        step_scalars(V.scalars, constants, factors, at)
        return
    # `finish_value` could start threads: compiling that would double the time.
    one, of = np.int64(0), np.int64(1)
    step_value_share((one, of), V, factors, at, S, joint)
    shift, mean_dot = _mean_of_columns(V, constants.K_P)
    _project_share(one, of, V, shift, mean_dot, S)
    _sum_rest(V)
