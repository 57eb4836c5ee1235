"""Many steps of the Gaussian dynamics in one call: `docs/model.md`, sections 3 and 4."""

from __future__ import annotations

import numpy as np
from numba import prange

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel, parallel_jit
from scbsim.kernels.gaussian.dense_attention import finish_bulk, step_bulk_share
from scbsim.kernels.gaussian.observe import couple
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, Scratch, StepParams, Value
from scbsim.kernels.gaussian.support import step_support
from scbsim.kernels.gaussian.value import end_value_step, step_value_share
from scbsim.kernels.types import F64, Address, Factors, Int

STEPS_DONE = 0
SIGNAL_REACHED = 1
DIVERGED = 2


@parallel_jit
def _first_pass(
    A: Attention,
    V: Value,
    params: StepParams,
    kappa: float,
    factors: Factors,
    at: Address,
    S: Scratch,
) -> None:
    shares = S.z.shape[0]
    for share in prange(shares):
        one, of = np.int64(share), np.int64(shares)
        step_bulk_share(one, of, A, params, kappa, at, S)
        step_value_share(one, of, V, factors, at, S)


@internal_jit
def step_matrices(
    A: Attention,
    V: Value,
    constants: ProblemConstants,
    params: StepParams,
    kappa: float,
    factors: Factors,
    at: Address,
    S: Scratch,
) -> None:
    """Step everything of size (N, T) and (N, N); with one share no thread is started."""
    if S.z.shape[0] > 1:
        _first_pass(A, V, params, kappa, factors, at, S)
    else:
        # Typed as in the threaded pass: literals would compile everything once more.
        one, of = np.int64(0), np.int64(1)
        step_bulk_share(one, of, A, params, kappa, at, S)
        step_value_share(one, of, V, factors, at, S)
    finish_bulk(A)
    end_value_step(V, constants, factors, at, S)


@inline_jit
def overflowed(nA: float, qA: float, kappa: float, row: F64) -> bool:
    """Return whether a step's numbers have run away."""
    return not np.isfinite(nA + qA + kappa + row[4] + row[5] + row[8])


@kernel
def advance(
    A: Attention,
    V: Value,
    constants: ProblemConstants,
    params: StepParams,
    step: Int,
    rows: F64,
    scratch: Scratch,
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps.

    Both matrices are stepped from the state at the start of the step. A step that overflows is
    taken but not counted, and ends the call.

    Parameters
    ----------
    A, V, constants, params, scratch
        See `state`.
    step : int
        Steps taken before: the next step's place in the random stream.
    rows : (n, 9) float64
        Receives the observables after each step.

    Returns
    -------
    taken : int
    reason : int
        STEPS_DONE, SIGNAL_REACHED or DIVERGED.
    """
    row = np.empty(rows.shape[1])
    nA, qA, kappa, kappa_prime = couple(A, V, constants, row)
    for taken in range(rows.shape[0]):
        at = (np.uint64(step + taken), constants.seed, constants.replica)
        factors = (1.0 - params.rate_V * nA, params.rate_V * qA, params.rate_V * params.sigma_V)
        step_matrices(A, V, constants, params, kappa, factors, at, scratch)
        step_support(A, params, kappa, kappa_prime)
        nA, qA, kappa, kappa_prime = couple(A, V, constants, row)
        if overflowed(nA, qA, kappa, row):
            return taken, DIVERGED
        rows[taken, :] = row
        if max(row[0], row[1]) >= params.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
