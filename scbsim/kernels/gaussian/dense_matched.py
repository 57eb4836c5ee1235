"""Steps under matched noise that renew the levels between them: `docs/model.md`, section 5b.

A call from Python for each update, and for the few steps after it, would take several times as long
as the steps themselves of a small task.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import by_presence, internal_jit, kernel
from scbsim.kernels.gaussian.dense import STEPS_DONE, take_steps
from scbsim.kernels.gaussian.state import Model, Scratch, StepParams
from scbsim.kernels.matched.covariances import write_covariances
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.levels import Levels, write_levels
from scbsim.kernels.matched.moments import joint_moments, moments_of
from scbsim.kernels.matched.power_sums import write_powers
from scbsim.kernels.matched.traces import traces
from scbsim.kernels.types import F64, Int


class Updates(NamedTuple):
    """When the levels are updated, and what that needs."""

    every: int  # steps between updates
    first: int  # the address in the random stream of the run's first step
    powers_at: int  # the address after the last step that took the sums of powers
    batch: float  # samples in a batch
    levels: Levels
    powers: F64  # (N, 2): sums of third and fourth powers off the support
    sums: Any  # scratch: `Traces`, or with covariances `Products`
    model: Model  # the state, of A without the bulk


def _levels_alone(joint: None, updates: Updates, shares: Int) -> None:
    A, V, constants = updates.model
    M2, KM = traces(V, updates.sums)
    of_V = moments_of(V, constants.mu, updates.sums.columns, M2, KM)
    write_levels(A, updates.powers, constants, of_V, updates.batch, updates.levels)


def _with_covariances(joint: JointNoise, updates: Updates, shares: Int) -> None:
    A, V, constants = updates.model
    of_V = joint_moments(V, constants.mu, shares, updates.sums)
    write_levels(A, updates.powers, constants, of_V[0], updates.batch, updates.levels)
    powers, batch, levels = updates.powers, updates.batch, updates.levels
    write_covariances(updates.model, powers, of_V, batch, levels, updates.sums, joint)


_update = by_presence(_levels_alone, _with_covariances)
"""``_update(joint, updates, shares)``: compute the levels of a state on so many threads."""


@internal_jit
def _take_held(
    model: Model,
    params: StepParams,
    held: tuple[Int, Int, Int],
    rows: F64,
    row: F64,
    scratch: Scratch,
    noise: tuple[Updates, JointNoise | None],
) -> tuple[int, int]:
    """Take steps at the present levels; ``held`` are the next step, those done, and up to which."""
    step, done, upto = held
    updates, joint = noise
    now = StepParams(
        params.rule,
        params.rate_A,
        params.rate_V,
        params.sigma_A,
        params.threshold,
        updates.levels.of_V[0],
        params.until_signal,
        params.matched,
        int(step + updates.every - (step - updates.first) % updates.every - 1),
        params.threshold_scale,
        params.noise_scale,
        params.batch,
        params.schedule[done:upto],
    )
    return take_steps(model, now, step, rows[done:upto], row, scratch, joint)


@kernel
def advance_matched(
    model: Model,
    params: StepParams,
    step: Int,
    rows: F64,
    scratch: Scratch,
    noise: tuple[Updates, JointNoise | None],
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps; parameters and result as :func:`dense.advance`.

    Parameters
    ----------
    params : StepParams
        Levels are read from ``sigma_A`` and ``matched``, which are arrays of the noise's levels;
        ``sigma_V`` and ``powers_step`` are not read.
    noise : (Updates, JointNoise or None)
        Levels are updated where that is due.
    """
    updates, joint = noise
    row = np.empty(rows.shape[1])
    done = 0
    powers_at: Int = updates.powers_at
    while done < rows.shape[0]:
        at = step + done
        since = (at - updates.first) % updates.every
        if since == 0:
            write_powers(model.A, scratch, at == powers_at, updates.powers)
            _update(joint, updates, scratch.z.shape[0])
        upto = min(rows.shape[0], done + updates.every - since)
        powers_at = at + updates.every - since
        taken, reason = _take_held(model, params, (at, done, upto), rows, row, scratch, noise)
        done += taken
        if reason != STEPS_DONE:
            return done, reason
    return done, STEPS_DONE
