"""Steps of the Gaussian dynamics with every entry of A: `docs/model.md`, sections 3 and 4."""

from __future__ import annotations

import numpy as np
from numba import prange

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel, parallel_jit
from scbsim.kernels.gaussian.dense_attention import finish_bulk, step_bulk_share
from scbsim.kernels.gaussian.observe import couple, keep_row
from scbsim.kernels.gaussian.schedule import at_step
from scbsim.kernels.gaussian.state import Attention, Model, Scratch, StepParams, Value
from scbsim.kernels.gaussian.support import step_support
from scbsim.kernels.gaussian.value import (
    finish_value,
    step_scalars,
    step_value_share,
    value_factors,
)
from scbsim.kernels.matched.joint_noise import draw_joint
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.value_noise import draw_value_noise_on_threads
from scbsim.kernels.types import F64, Address, Couplings, Int

STEPS_DONE = 0
SIGNAL_REACHED = 1
DIVERGED = 2


@parallel_jit
def _first_pass(
    A: Attention,
    V: Value,
    params: StepParams,
    numbers: tuple[float, float, float, float],
    at: Address,
    S: Scratch,
    joint: JointNoise | None,
) -> None:
    """Step both on threads; ``numbers`` are ``kappa`` and the factors of V."""
    kappa, keep, pull, amplitude = numbers
    shares = S.z.shape[0]
    for share in prange(shares):
        part = (np.int64(share), np.int64(shares))
        step_bulk_share(part, A, params, kappa, at, S, joint)
        step_value_share(part, V, (keep, pull, amplitude), at, S, joint)


@internal_jit
def step_matrices(
    model: Model,
    params: StepParams,
    coupled: Couplings,
    at: Address,
    S: Scratch,
    joint: JointNoise | None = None,
) -> None:
    """Step A off its support, and V; with one share no thread is started."""
    A, V, constants = model
    nA, qA, kappa, _ = coupled
    factors = value_factors(params, nA, qA)
    factors = draw_joint(draw_value_noise_on_threads, joint, model, params, factors, at, S)
    if S.z.shape[0] > 1:
        keep, pull, amplitude = factors
        _first_pass(A, V, params, (kappa, keep, pull, amplitude), at, S, joint)
    else:
        # With literals in place of these int64s all of it would be compiled a second time.
        part = (np.int64(0), np.int64(1))
        step_bulk_share(part, A, params, kappa, at, S, joint)
        step_value_share(part, V, factors, at, S, joint)
    finish_bulk(A)
    if V.W.size > 0:
        finish_value(V, constants.K_P, S)
    else:
        step_scalars(V.scalars, constants, factors, at)


@inline_jit
def overflowed(coupled: Couplings, row: F64) -> bool:
    """Return whether a step's numbers have overflowed."""
    nA, qA, kappa, _ = coupled
    return not np.isfinite(nA + qA + kappa + row[4] + row[5] + row[8])


@internal_jit
def _step(
    model: Model,
    params: StepParams,
    taken: Int,
    coupled: Couplings,
    at: Address,
    S: Scratch,
    joint: JointNoise | None,
) -> None:
    now = at_step(params, taken)
    step_matrices(model, now, coupled, at, S, joint)
    step_support(model.A, now, coupled[2], coupled[3], joint)


@internal_jit
def take_steps(
    model: Model,
    params: StepParams,
    step: Int,
    rows: F64,
    row: F64,
    scratch: Scratch,
    joint: JointNoise | None,
) -> tuple[int, int]:
    """Do :func:`advance`; ``row`` is scratch, (9,)."""
    A, V, constants = model
    coupled = couple(A, V, constants, row)
    for taken in range(rows.shape[0]):
        at = (np.uint64(step + taken), constants.seed, constants.replica)
        _step(model, params, taken, coupled, at, scratch, joint)
        coupled = couple(A, V, constants, row)
        if overflowed(coupled, row):
            return taken, DIVERGED
        keep_row(rows, taken, row)
        if max(row[0], row[1]) >= params.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE


@kernel
def advance(
    model: Model,
    params: StepParams,
    step: Int,
    rows: F64,
    scratch: Scratch,
    joint: JointNoise | None = None,
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps.

    Both matrices are stepped from the state at the start of the step. A step that overflows is
    taken but not counted, and ends the call.

    Parameters
    ----------
    step : int
        Number of steps taken before, which is the next step's address in the random stream.
    rows : (n, 9) float64
        Receives the observables after each step.
    joint : JointNoise, optional
        Noise with covariances.

    Returns
    -------
    taken : int
    reason : int
        STEPS_DONE, SIGNAL_REACHED or DIVERGED.
    """
    return take_steps(model, params, step, rows, np.empty(rows.shape[1]), scratch, joint)
