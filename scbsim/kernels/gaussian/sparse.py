"""Steps in which only the entries of A that are not at zero are stored: `docs/model.md`, 6."""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel
from scbsim.kernels.gaussian.activations import (
    change_of_noise,
    draw_activations,
    finish_activations,
)
from scbsim.kernels.gaussian.active_set import Entries, step_active_set
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE, overflowed
from scbsim.kernels.gaussian.observe import couple, keep_row, make_row
from scbsim.kernels.gaussian.schedule import NOISE, RATE_A, RATIO, THRESHOLD, at_step
from scbsim.kernels.gaussian.state import Model, Scratch, StepParams
from scbsim.kernels.gaussian.support import draw_support, step_support
from scbsim.kernels.gaussian.value import step_value, value_factors
from scbsim.kernels.matched.joint_noise import draw_joint
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.value_noise import draw_value_noise
from scbsim.kernels.types import F64, Address, Couplings, Int

NO_ROOM = 3


@inline_jit
def of_step(params: StepParams, taken: Int) -> tuple[float, float]:
    """Return what :func:`draw_activations` takes of a step."""
    schedule = params.schedule
    if schedule.shape[0] == 0:
        return 0.0, 1.0
    larger, ratio = 0.0, schedule[taken, RATIO]
    if ratio > 0.0:
        found = schedule[taken, THRESHOLD] / schedule[taken, NOISE]
        larger = max(found / ratio - 1.0, 0.0)
    rate, noise = schedule[taken, RATE_A], schedule[taken, NOISE]
    return larger, change_of_noise(params.rule, rate, noise)


@internal_jit
def _step(
    model: Model,
    params: StepParams,
    entries: Entries,
    before: tuple[Int, Int, Couplings],
    at: Address,
    S: Scratch,
    joint: JointNoise | None,
) -> None:
    """Take a step; ``before`` are the steps of the call, the activations drawn, and couplings."""
    A, V, constants = model
    taken, count, (nA, qA, kappa, kappa_prime) = before
    now = at_step(params, taken)
    finish_activations(now.rule, entries[2], count, now)
    factors = value_factors(now, nA, qA)
    factors = draw_joint(draw_value_noise, joint, model, now, factors, at, S)
    step_active_set(A, entries, now, kappa, at, constants.T, joint)
    if joint is None:
        draw_support(A, at, S)
    step_support(A, now, kappa, kappa_prime, joint)
    step_value(V, constants, factors, at, S, joint)


@kernel
def advance_sparse(
    model: Model,
    params: StepParams,
    entries: Entries,
    step: Int,
    rows: F64,
    scratch: Scratch,
    joint: JointNoise | None = None,
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps; parameters and result as :func:`dense.advance`.

    A step whose entries do not fit into the lists is not begun, and ends the call.

    Parameters
    ----------
    model : Model
        A is without a bulk.
    params : StepParams
        All steps of a schedule have one ``RATIO``, that of the rates of ``entries``.
    entries : Entries
        Those of A off the support.

    Returns
    -------
    taken : int
    reason : int
        STEPS_DONE, SIGNAL_REACHED, DIVERGED or NO_ROOM.
    """
    A, V, constants = model
    rates, active, new = entries
    row = make_row(rows)
    T, N = np.int64(constants.T), A.support.shape[0]
    coupled = couple(A, V, constants, row)
    for taken in range(rows.shape[0]):
        at = (np.uint64(step + taken), constants.seed, constants.replica)
        count = draw_activations(rates, T, of_step(params, taken), new, at)
        if count < 0 or active.first[active.now[0], N] + count > active.s.shape[1]:
            return taken, NO_ROOM
        _step(model, params, entries, (taken, count, coupled), at, scratch, joint)
        coupled = couple(A, V, constants, row)
        if overflowed(coupled, row):
            return taken, DIVERGED
        keep_row(rows, taken, row)
        if max(row[0], row[1]) >= params.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
