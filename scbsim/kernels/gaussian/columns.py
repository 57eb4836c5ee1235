"""Steps of SGD under matched noise on Q + 2 numbers a column: `docs/model.md`, section 6b."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE, overflowed
from scbsim.kernels.gaussian.observe import couple, keep_row, make_row
from scbsim.kernels.gaussian.off_support import (
    OffSupport,
    move,
    of_column,
    write_powers,
    write_sums,
)
from scbsim.kernels.gaussian.schedule import at_step
from scbsim.kernels.gaussian.state import Attention, Model, Scratch, StepParams
from scbsim.kernels.gaussian.support import step_support
from scbsim.kernels.gaussian.turning import turn
from scbsim.kernels.gaussian.value import value_factors
from scbsim.kernels.gaussian.value_whole import step_whole_value
from scbsim.kernels.matched.coefficients import mean_level
from scbsim.kernels.matched.joint_noise import noise_of_columns, with_plane
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.renewal import Renewal, is_due, renew
from scbsim.kernels.matched.value_noise import value_noise
from scbsim.kernels.random.philox import COLUMNS, counter_words, split_seed
from scbsim.kernels.random.short_blocks import fill_short_blocks
from scbsim.kernels.random.variates import chi_square, first_attempt, lane_at
from scbsim.kernels.types import F64, Address, Couplings, Factors, Int

OFF_NORMALS = 5
"""Normals of a column for its step off the support."""


class ColumnsNoise(NamedTuple):
    """The normals of a step, in whole short blocks, and what is drawn with them.

    Those of the support, or of joint noise, are views of ``all`` too.
    """

    all: F64
    off: F64  # (N, 5): a view
    of_W: F64  # (N, at least N): the noise of W, a view if it is not joint
    renewal: Renewal


@inline_jit
def _chi_square(freedom: float, z: F64, k: Int, at: Address) -> float:
    """Return a chi-square variate from three normals, or from the column's own lane."""
    square = first_attempt(freedom, z[2], z[3], z[4]) if freedom >= 2.0 else -1.0
    if square < 0.0:
        step, seed, replica = at
        lane = lane_at(0, counter_words(k, step, COLUMNS, replica), split_seed(seed))
        square, _ = chi_square(freedom, lane)
    return square


@internal_jit
def step_off_support(
    A: Attention,
    off: OffSupport,
    params: StepParams,
    numbers: tuple[float, float],
    at: Address,
    normals: F64,
    joint: JointNoise | None,
) -> None:
    """Step both numbers of every column; the levels off the support count by their mean.

    ``numbers`` are ``kappa`` and T.
    """
    kappa, T = numbers
    n, keep = T - A.support.shape[1], 1.0 - params.rate_A * kappa
    if n < 1.0:
        return
    for k in range(A.support.shape[0]):
        z = normals[k]
        _, ones, square = of_column(off, A.support, k, T)
        level = mean_level(params.matched, params.sigma_A[k], k, square / n)
        level = params.rate_A * (params.noise_scale * level)
        along, across = level * z[0], level * z[1] if n >= 2.0 else 0.0
        if joint is not None:
            along = params.rate_A * joint.along[k]
        others = level * level * _chi_square(n - 2.0, z, k, at)
        move(off, k, (ones, square), keep, (along, across), others)
    turn(off.cosine, off.since, off.free, 0, at)


@inline_jit
def draw_normals(normals: F64, columns: Int, at: Address, S: Scratch) -> None:
    """Draw all normals of a step."""
    step, seed, replica = at
    # The addresses before this one are columns' own lanes.
    counter = counter_words(columns, step, COLUMNS, replica)
    fill_short_blocks(normals, S.wide_words[0], counter, split_seed(seed))


@inline_jit
def _draw(
    joint: JointNoise | None,
    model: Model,
    params: StepParams,
    factors: Factors,
    at: Address,
    noise: ColumnsNoise,
    S: Scratch,
) -> Factors:
    """Draw all normals of a step, and of them what is joint; return the factors of W's step."""
    draw_normals(noise.all, model.A.support.shape[0], at, S)
    keep, pull, _ = factors
    if joint is None:
        return keep, pull, params.rate_V * (params.noise_scale * noise.renewal.levels.of_V[0])
    A, V, constants = model
    along = noise_of_columns(A, constants, joint, params.noise_scale)
    drawn = value_noise(V, joint, S)
    return with_plane(joint, V, constants.K_P, params, factors, along, drawn)


@internal_jit
def _step(
    model: Model,
    off: OffSupport,
    params: StepParams,
    before: tuple[Int, Couplings],
    at: Address,
    S: Scratch,
    noise: tuple[ColumnsNoise, JointNoise | None],
) -> None:
    """Take a step at the present levels; ``before`` are the steps of the call, and couplings."""
    A, V, constants = model
    normals, joint = noise
    taken, (nA, qA, kappa, kappa_prime) = before
    T, now = constants.T, at_step(params, taken)
    factors = value_factors(now, nA, qA)
    factors = _draw(joint, model, now, factors, at, normals, S)
    step_off_support(A, off, now, (kappa, T), at, normals.off, joint)
    step_support(A, now, kappa, kappa_prime, joint)
    write_sums(off, T - A.support.shape[1], A.off_sums)
    step_whole_value(V, constants, factors, normals.of_W, S)


@kernel
def advance_columns(
    model: Model,
    off: OffSupport,
    params: StepParams,
    step: Int,
    rows: F64,
    scratch: Scratch,
    noise: tuple[ColumnsNoise, JointNoise | None],
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps of SGD; parameters and result as :func:`dense.advance`.

    Parameters
    ----------
    model : Model
        A is without a bulk.
    off : OffSupport
        Its entries off the support.
    params : StepParams
        Levels are read from ``sigma_A`` and ``matched``, which are arrays of the noise's levels;
        ``sigma_V`` is not read.
    noise : (ColumnsNoise, JointNoise or None)
        Levels are renewed where that is due.
    """
    A, V, constants = model
    normals, joint = noise
    row = make_row(rows)
    T = constants.T
    n = T - A.support.shape[1]
    coupled = couple(A, V, constants, row)
    for taken in range(rows.shape[0]):
        if is_due(normals.renewal, step + taken):
            write_powers(off, n, normals.renewal.powers)
            renew(model, normals.renewal, joint)
        at = (np.uint64(step + taken), constants.seed, constants.replica)
        _step(model, off, params, (taken, coupled), at, scratch, noise)
        coupled = couple(A, V, constants, row)
        if overflowed(coupled, row):
            return taken, DIVERGED
        keep_row(rows, taken, row)
        if max(row[0], row[1]) >= params.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
