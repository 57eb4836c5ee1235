"""The first step of an l1 rule on entries that are drawn and not stored: `docs/exactness.md`.

Every entry off the support may have left zero by then. Those that the step returns to zero are
never stored; the others are listed.
"""

from __future__ import annotations

from typing import NamedTuple

from scbsim.kernels.compile.jit import inline_jit, kernel
from scbsim.kernels.gaussian.directions import Buffers, Directions, fill_off_support
from scbsim.kernels.gaussian.kept_entries import Lines, fill_entries
from scbsim.kernels.gaussian.observe import couple, make_row
from scbsim.kernels.gaussian.rules import step_entry
from scbsim.kernels.gaussian.state import Model, Scratch, StepParams
from scbsim.kernels.gaussian.support import draw_support, step_support
from scbsim.kernels.gaussian.value import step_value, value_factors
from scbsim.kernels.matched.coefficients import entry_level
from scbsim.kernels.matched.joint_noise import draw_joint
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.matched.value_noise import draw_value_noise
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.philox import NOISE_A, counter_words, split_seed
from scbsim.kernels.types import F64, I64, Address, Int


class Entered(NamedTuple):
    """What the step of an entry needs."""

    directions: Directions
    lines: Lines
    params: StepParams
    kappa: float
    part: F64  # (N,): the multiple of a_k that is added to the noise
    at: Address


@kernel
def begin_step(
    model: Model, params: StepParams, at: Address, scratch: Scratch, joint: JointNoise | None
) -> tuple[float, float, float, float, float]:
    """Draw the noise but that off the support; return both kappas and the factors of V.

    ``params`` are those of the step: their schedule is not read.
    """
    A, V, constants = model
    row = make_row(A.support)
    nA, qA, kappa, kappa_prime = couple(A, V, constants, row)
    factors = value_factors(params, nA, qA)
    factors = draw_joint(draw_value_noise, joint, model, params, factors, at, scratch)
    if joint is None:
        draw_support(A, at, scratch)
    return kappa, kappa_prime, factors[0], factors[1], factors[2]


@kernel
def finish_step(
    model: Model,
    params: StepParams,
    numbers: tuple[float, float, float, float, float],
    at: Address,
    row: F64,
    scratch: Scratch,
    joint: JointNoise | None,
) -> None:
    """Step the support and V by the numbers of :func:`begin_step`; write the observables."""
    A, V, constants = model
    kappa, kappa_prime, keep, pull, amplitude = numbers
    step_support(A, params, kappa, kappa_prime, joint)
    step_value(V, constants, (keep, pull, amplitude), at, scratch, joint)
    couple(A, V, constants, row)


@inline_jit
def _fill_noise(E: Entered, k: Int, block: Int, own: Buffers) -> None:
    """Write the entries of a block to ``own.r``, 0 on the support, and their noise to ``own.z``."""
    D = E.directions
    step, seed, replica = E.at
    r, z = own.r, own.z
    fill_entries(D, E.lines, k, block, own)
    fill_off_support(r, D, k, block, 0.0)
    count = min(BLOCK, D.T - block * BLOCK)
    counter = counter_words(k, step, NOISE_A, replica)
    fill_normals(z, own.words, count, block, counter, split_seed(seed))
    level, scale = E.params.sigma_A[k], E.params.noise_scale
    for i in range(count):
        z[i] *= scale * entry_level(E.params.matched, level, k, r[i], 0.0)
    fill_off_support(z, D, k, block, 0.0)


@kernel
def sum_products(E: Entered, span: tuple[Int, Int], sums: F64, own: Buffers) -> None:
    """Write the sum of the products of ``a`` and the noise of each block, (blocks,)."""
    per_column = (E.directions.T + BLOCK - 1) // BLOCK
    for index in range(span[0], span[1]):
        k, block = index // per_column, index % per_column
        _fill_noise(E, k, block, own)
        c, total = E.lines.intercept[k], 0.0
        for i in range(BLOCK):
            total += (own.r[i] + c) * own.z[i]
        sums[index] = total


@inline_jit
def _step_block(E: Entered, k: Int, block: Int, own: Buffers) -> None:
    """Write the entries of a block after the step to ``own.r``."""
    _fill_noise(E, k, block, own)
    r, z, params = own.r, own.z, E.params
    c, part = E.lines.intercept[k], E.part[k]
    threshold = params.threshold_scale * params.threshold[k]
    for i in range(BLOCK):
        gradient = E.kappa * r[i] + (z[i] + part * (r[i] + c))
        r[i] = step_entry(params.rule, r[i], gradient, params.rate_A, threshold)
    fill_off_support(r, E.directions, k, block, 0.0)


@kernel
def sum_stepped(E: Entered, span: tuple[Int, Int], sums: F64, own: Buffers) -> None:
    """Write of each block the number of entries not at zero, and the sums of s and s^2."""
    per_column = (E.directions.T + BLOCK - 1) // BLOCK
    for index in range(span[0], span[1]):
        k, block = index // per_column, index % per_column
        _step_block(E, k, block, own)
        count, total, squares = 0.0, 0.0, 0.0
        for i in range(BLOCK):
            x = own.r[i]
            count += 1.0 if x != 0.0 else 0.0
            total += x
            squares += x * x
        sums[index, 0], sums[index, 1], sums[index, 2] = count, total, squares


@kernel
def list_stepped(
    E: Entered, span: tuple[Int, Int], first: I64, position: I64, s: F64, own: Buffers
) -> None:
    """Write positions and values of entries not at zero; those of block i are from first[i] on."""
    per_column = (E.directions.T + BLOCK - 1) // BLOCK
    for index in range(span[0], span[1]):
        k, block = index // per_column, index % per_column
        if first[index] == first[index + 1]:
            continue
        _step_block(E, k, block, own)
        at = first[index]
        for i in range(BLOCK):
            if own.r[i] != 0.0:
                position[at], s[at] = block * BLOCK + i, own.r[i]
                at += 1
