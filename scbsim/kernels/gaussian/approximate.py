"""Steps of SGD under matched noise with V by two scalars, approximately: `docs/model.md`, 6c."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit, kernel
from scbsim.kernels.gaussian.columns import draw_normals, step_off_support
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE, overflowed
from scbsim.kernels.gaussian.observe import couple, keep_row, make_row
from scbsim.kernels.gaussian.off_support import OffSupport, write_powers, write_sums
from scbsim.kernels.gaussian.schedule import at_step
from scbsim.kernels.gaussian.state import Model, ProblemConstants, Scratch, StepParams
from scbsim.kernels.gaussian.support import step_support
from scbsim.kernels.gaussian.value import step_scalars, value_factors
from scbsim.kernels.matched.covariances import has_rest, write_factors
from scbsim.kernels.matched.joint_noise import noise_of_columns
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.levels import Levels, write_levels
from scbsim.kernels.matched.mean_moments import TargetSums, mean_moments
from scbsim.kernels.matched.mean_shape import effective_dimensions
from scbsim.kernels.random.philox import COLLAPSED_V, counter_words, split_seed
from scbsim.kernels.random.variates import chi_square, lane_at, two_normals
from scbsim.kernels.types import F64, Address, Couplings, Factors, Int


class ScalarNoise(NamedTuple):
    """What a step draws, and when and from what its levels are renewed."""

    normals: F64  # whole short blocks; all below but `rest` and those of levels are views of it
    off: F64  # (N, 5)
    every: int  # steps between renewals
    first: int  # the address in the random stream of the run's first step
    batch: float  # samples in a batch
    levels: Levels
    powers: F64  # (N, 2): sums of third and fourth powers off the support
    target: TargetSums
    # (3,): levels of the noise of W outside of its target: of the independent part along the rest
    # of W, and at right angles to W; and how many dimensions the latter has
    rest: F64


@internal_jit
def _renew(model: Model, noise: ScalarNoise, joint: JointNoise | None) -> None:
    A, V, constants = model
    powers, batch, levels = noise.powers, noise.batch, noise.levels
    alpha, rest = V.scalars[0], V.scalars[1]
    of_V = mean_moments(noise.target, alpha, rest)
    write_levels(A, powers, constants, of_V[0], batch, levels)
    if joint is None:
        return
    total, of_rest, means = write_factors(model, powers, of_V, batch, levels, joint)
    dimensions = effective_dimensions(means, of_V, noise.target)
    along, others = 0.0, dimensions
    # As in the other engines noise has no part along a rest that there was not at the renewal.
    if dimensions > 1.0 and has_rest(rest, of_V[0].kappa):
        along = min(max((total + of_rest) / dimensions - of_rest, 0.0), total)
        others -= 1.0
    noise.rest[0] = np.sqrt(along / batch)
    noise.rest[1] = np.sqrt((total - along) / (others * batch)) if others > 0.0 else 0.0
    noise.rest[2] = others


@inline_jit
def _step_joint(
    scalars: F64,
    constants: ProblemConstants,
    factors: Factors,
    rates: tuple[float, float],
    along: tuple[float, float],
    of_rest: F64,
    at: Address,
) -> None:
    """Step the scalars, given the products of the noise with W and with its target.

    ``rates`` are the step size, and what levels times it are multiplied by.
    """
    keep, pull, _ = factors
    rate, of_levels = rates
    step, seed, replica = at
    along_W, along_P = along
    alpha, rest = scalars[0], scalars[1]
    on_P = along_P / constants.K_P if constants.K_P > 0.0 else 0.0
    on_rest = 0.0
    if has_rest(rest, alpha * alpha * constants.K_P + rest):
        on_rest = (along_W - alpha * along_P) / rest
    lane = lane_at(0, counter_words(0, step, COLLAPSED_V, replica), split_seed(seed))
    z, _, lane = two_normals(lane)
    square, _ = chi_square(of_rest[2], lane)
    # The noise is subtracted, as from A.
    scalars[0] = keep * alpha + pull - rate * on_P if constants.K_P > 0.0 else 0.0
    root = (keep - rate * on_rest) * np.sqrt(rest) - of_levels * of_rest[0] * z
    level = of_levels * of_rest[1]
    scalars[1] = root * root + level * level * square


@inline_jit
def _draw_and_step_value(
    joint: JointNoise | None,
    model: Model,
    params: StepParams,
    coupled: tuple[float, float],
    at: Address,
    noise: ScalarNoise,
    S: Scratch,
) -> None:
    """Draw the noise of A, and step V."""
    A, V, constants = model
    draw_normals(noise.normals, A.support.shape[0], at, S)
    keep, pull, _ = value_factors(params, coupled[0], coupled[1])
    if joint is None:
        factors = (keep, pull, params.rate_V * (params.noise_scale * noise.levels.of_V[0]))
        step_scalars(V.scalars, constants, factors, at)
    else:
        along = noise_of_columns(A, constants, joint, params.noise_scale)
        factors, rate = (keep, pull, 0.0), params.rate_V
        rates = (rate, rate * params.noise_scale)
        _step_joint(V.scalars, constants, factors, rates, along, noise.rest, at)


@internal_jit
def _step(
    model: Model,
    off: OffSupport,
    params: StepParams,
    before: tuple[Int, Couplings],
    at: Address,
    S: Scratch,
    noise: tuple[ScalarNoise, JointNoise | None],
) -> None:
    """Take a step at the present levels; ``before`` are the steps of the call, and couplings."""
    A, normals, joint = model.A, noise[0], noise[1]
    taken, (nA, qA, kappa, kappa_prime) = before
    T, now = model.constants.T, at_step(params, taken)
    # The noise of A and V is that of the state before the step, as are both gradients.
    _draw_and_step_value(joint, model, now, (nA, qA), at, normals, S)
    step_off_support(A, off, now, (kappa, T), at, normals.off, joint)
    step_support(A, now, kappa, kappa_prime, joint)
    write_sums(off, T - A.support.shape[1], A.off_sums)


@kernel
def advance_approximate(
    model: Model,
    off: OffSupport,
    params: StepParams,
    step: Int,
    rows: F64,
    scratch: Scratch,
    noise: tuple[ScalarNoise, JointNoise | None],
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps; parameters and result as :func:`columns.advance_columns`.

    Parameters
    ----------
    model : Model
        V is without its matrix.
    """
    A, V, constants = model
    normals, joint = noise
    row = make_row(rows)
    T = constants.T
    n = T - A.support.shape[1]
    coupled = couple(A, V, constants, row)
    for taken in range(rows.shape[0]):
        if (step + taken - normals.first) % normals.every == 0:
            write_powers(off, n, normals.powers)
            _renew(model, normals, joint)
        at = (np.uint64(step + taken), constants.seed, constants.replica)
        _step(model, off, params, (taken, coupled), at, scratch, noise)
        coupled = couple(A, V, constants, row)
        if overflowed(coupled, row):
            return taken, DIVERGED
        keep_row(rows, taken, row)
        if max(row[0], row[1]) >= params.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
