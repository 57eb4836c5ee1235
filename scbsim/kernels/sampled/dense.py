"""Steps of the dense engine on the noise of samples that are drawn: `docs/model.md`, section 8.

Of each sample the gradients at the support, along ``a_k`` off the support, and of W are its own.
What is left off the support is normal, with the mean square that the samples give it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from scbsim.kernels.compile.jit import internal_jit, kernel, parallel_jit
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE, overflowed
from scbsim.kernels.gaussian.dense_attention import finish_bulk, step_bulk_share
from scbsim.kernels.gaussian.observe import couple, keep_row, make_row
from scbsim.kernels.gaussian.schedule import at_step
from scbsim.kernels.gaussian.state import Attention, Model, Scratch, StepParams
from scbsim.kernels.gaussian.support import step_support
from scbsim.kernels.gaussian.value import step_value
from scbsim.kernels.matched.joint_noise import draw_blocks, off_support
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.sampled.samples import sum_samples
from scbsim.kernels.sampled.state import Batch, SampledState, SampleSums
from scbsim.kernels.types import F64, Address, Couplings, Int


class DrawnSamples(NamedTuple):
    """The samples of a step, and the noise of A that follows from them."""

    columns: SampledState  # what a sample sees of the state: its support and W are those of A and V
    batch: Batch
    joint: JointNoise
    level: F64  # (N,): level of the noise off the support


@internal_jit
def _see_columns(A: Attention, L: SampledState) -> None:
    """Write the two numbers of each column's entries off the support."""
    n = L.T - A.support.shape[1]
    for k in range(A.support.shape[0]):
        L.along[k] = A.off_sums[k, 0] / np.sqrt(n) if n > 0.0 else 0.0
        L.square[k] = max(A.off_sums[k, 1] - L.along[k] * L.along[k], 0.0)


@internal_jit
def _noise_of_samples(
    model: Model, S: SampleSums, now: StepParams, coupled: Couplings, drawn: DrawnSamples
) -> None:
    """Write the noise of A: the projected gradients of the samples, less their means.

    A step takes ``kappa s - kappa' q`` as the mean.
    """
    A, _, constants = model
    joint, (_, _, kappa, kappa_prime) = drawn.joint, coupled
    Q = A.support.shape[1]
    n = constants.T - Q
    for k in range(A.support.shape[0]):
        each = 1.0 / (now.batch * constants.mu[k])
        c, square = off_support(A, k, constants.T)
        along, norm = each * S.along[0, k], np.sqrt(square)
        # The mean over all entries, which the projection takes off.
        total = along * (A.off_sums[k, 0] + n * c) / norm if norm > 0.0 else 0.0
        for j in range(Q):
            total += each * S.support[0, k, j]
        drift = kappa * c - total / constants.T
        for j in range(Q):
            mean = kappa * (A.support[k, j] + c) - kappa_prime * A.weights[k, j]
            A.noise[k, j] = each * S.support[0, k, j] - mean + drift
        joint.intercepts[k] = c
        joint.along[k] = along - kappa * norm
        joint.drift[k] = drift
        level = each * np.sqrt(max(S.square[0, k], 0.0))
        joint.level[k] = level
        # The sums are of this step's batch, and a schedule's levels of another one.
        drawn.level[k] = level / now.noise_scale


@parallel_jit
def _step_bulk(
    A: Attention, params: StepParams, kappa: float, at: Address, S: Scratch, joint: JointNoise
) -> None:
    shares = S.z.shape[0]
    for share in prange(shares):
        step_bulk_share((np.int64(share), np.int64(shares)), A, params, kappa, at, S, joint)


@internal_jit
def _step(
    model: Model,
    params: StepParams,
    taken: Int,
    coupled: Couplings,
    at: Address,
    S: Scratch,
    drawn: DrawnSamples,
) -> None:
    A, V, constants = model
    now = at_step(params, taken)
    L, (_, together, alias, sums), joint = drawn.columns, drawn.batch, drawn.joint
    _see_columns(A, L)
    sum_samples(L, sums, (np.int64(now.batch), together), at, alias)
    _noise_of_samples(model, sums, now, coupled, drawn)
    draw_blocks(A, constants, joint, 1.0, at, S)
    if S.z.shape[0] > 1:
        _step_bulk(A, now, coupled[2], at, S, joint)
    else:
        part = (np.int64(0), np.int64(1))
        step_bulk_share(part, A, now, coupled[2], at, S, joint)
    finish_bulk(A)
    factor = now.rate_V / now.batch
    for n in range(V.W.shape[0]):
        for m in range(V.W.shape[0]):
            V.W[n, m] -= factor * sums.of_V[0, n, m]
    # A step of nothing: it projects W, and renews its scalars.
    step_value(V, constants, (1.0, 0.0, 0.0), at, S)
    step_support(A, now, coupled[2], coupled[3], joint)


@kernel
def advance_dense_sampled(
    model: Model,
    params: StepParams,
    step: Int,
    rows: F64,
    scratch: Scratch,
    drawn: DrawnSamples,
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps; parameters and result as :func:`dense.advance`.

    Parameters
    ----------
    params : StepParams
        ``sigma_A`` is ``drawn.level``; ``sigma_V`` is not read.
    drawn : DrawnSamples
    """
    A, V, constants = model
    row = make_row(rows)
    coupled = couple(A, V, constants, row)
    for taken in range(rows.shape[0]):
        at = (np.uint64(step + taken), constants.seed, constants.replica)
        _step(model, params, taken, coupled, at, scratch, drawn)
        coupled = couple(A, V, constants, row)
        if overflowed(coupled, row):
            return taken, DIVERGED
        keep_row(rows, taken, row)
        if max(row[0], row[1]) >= params.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
