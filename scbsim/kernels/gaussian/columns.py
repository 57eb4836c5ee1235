"""Steps of SGD under matched noise on Q + 2 numbers a column: `docs/model.md`, section 6b."""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import internal_jit, kernel
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE, overflowed
from scbsim.kernels.gaussian.observe import couple
from scbsim.kernels.gaussian.off_support import OffSupport, move, of_column, write_sums
from scbsim.kernels.gaussian.state import Attention, Model, Scratch, StepParams
from scbsim.kernels.gaussian.support import draw_support, step_support
from scbsim.kernels.gaussian.turning import turn
from scbsim.kernels.gaussian.value import step_value, value_factors
from scbsim.kernels.matched.coefficients import mean_level
from scbsim.kernels.matched.joint_noise import draw_joint
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.value_noise import draw_value_noise
from scbsim.kernels.random.philox import COLUMNS, counter_words, split_seed
from scbsim.kernels.random.variates import chi_square, lane_at, two_normals
from scbsim.kernels.types import F64, Address, Int


@internal_jit
def _step_off_support(
    A: Attention,
    off: OffSupport,
    params: StepParams,
    kappa: float,
    at: Address,
    T: float,
    joint: JointNoise | None,
) -> None:
    """Step both numbers of every column; the levels off the support count by their mean."""
    step, seed, replica = at
    n, keep = T - A.support.shape[1], 1.0 - params.rate_A * kappa
    if n < 1.0:
        return
    for k in range(A.support.shape[0]):
        _, ones, square = of_column(off, A.support, k, T)
        level = params.rate_A * mean_level(params.matched, params.sigma_A[k], k, square / n)
        lane = lane_at(0, counter_words(k, step, COLUMNS, replica), split_seed(seed))
        across, along, lane = two_normals(lane)
        others, lane = chi_square(n - 2.0, lane)
        along *= level
        if joint is not None:
            along = params.rate_A * joint.along[k]
        across *= level if n >= 2.0 else 0.0
        move(off, k, (ones, square), keep, (along, across), level * level * others)
    turn(off.cosine, off.since, off.free, at)


@kernel
def advance_columns(
    model: Model,
    off: OffSupport,
    params: StepParams,
    step: Int,
    rows: F64,
    scratch: Scratch,
    joint: JointNoise | None = None,
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps of SGD; parameters and result as :func:`dense.advance`.

    Parameters
    ----------
    model : Model
        A is without a bulk.
    off : OffSupport
        Its entries off the support.
    """
    A, V, constants = model
    row = np.empty(rows.shape[1])
    n = constants.T - A.support.shape[1]
    nA, qA, kappa, kappa_prime = couple(A, V, constants, row)
    for taken in range(rows.shape[0]):
        at = (np.uint64(step + taken), constants.seed, constants.replica)
        factors = value_factors(params, nA, qA)
        factors = draw_joint(draw_value_noise, joint, model, params, factors, at, scratch)
        if joint is None:
            draw_support(A, at, scratch)
        _step_off_support(A, off, params, kappa, at, constants.T, joint)
        step_support(A, params, kappa, kappa_prime, joint)
        write_sums(off, n, A.off_sums)
        step_value(V, constants, factors, at, scratch, joint)
        nA, qA, kappa, kappa_prime = couple(A, V, constants, row)
        if overflowed((nA, qA, kappa, kappa_prime), row):
            return taken, DIVERGED
        rows[taken, :] = row
        if max(row[0], row[1]) >= params.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
