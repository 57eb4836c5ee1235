"""One step of the support entries of A, which are few and always explicit, in float64."""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.gaussian.rules import step_support_entry
from scbsim.kernels.gaussian.state import Attention, Scratch, StepParams
from scbsim.kernels.matched.coefficients import entry_level
from scbsim.kernels.matched.joint_state import JointNoise
from scbsim.kernels.random.normal import fill_matrix
from scbsim.kernels.random.philox import SUPPORT, counter_words, split_seed
from scbsim.kernels.types import Address, Int


@inline_jit
def draw_support(A: Attention, at: Address, S: Scratch) -> None:
    """Draw the normals of the support entries, where they are not those of the bulk."""
    step, seed, replica = at
    counter = counter_words(0, step, SUPPORT, replica)
    fill_matrix(A.noise, counter, split_seed(seed), (S.wide_z[0], S.wide_words[0]))


@inline_jit
def _noise(joint: JointNoise | None, A: Attention, params: StepParams, k: Int, j: Int) -> float:
    """Return the noise of an entry; joint noise is drawn with its level."""
    if joint is not None:
        return A.noise[k, j]
    s, q = A.support[k, j], A.weights[k, j]
    level = params.noise_scale * entry_level(params.matched, params.sigma_A[k], k, s, q)
    return level * A.noise[k, j]


@inline_jit
def step_support_columns(
    A: Attention,
    params: StepParams,
    kappas: tuple[float, float],
    columns: tuple[Int, Int],
    joint: JointNoise | None,
) -> None:
    """Step the support entries of the columns from one to another."""
    kappa, kappa_prime = kappas
    Q = A.support.shape[1]
    rule, rate = params.rule, params.rate_A
    for k in range(columns[0], columns[1]):
        threshold = params.threshold_scale * params.threshold[k]
        for j in range(Q):
            s = A.support[k, j]
            q = A.weights[k, j]
            noise = _noise(joint, A, params, k, j)
            gradient = kappa * s - kappa_prime * q + noise
            step_support_entry(rule, A, k, j, gradient, rate, threshold)


@internal_jit
def step_support(
    A: Attention,
    params: StepParams,
    kappa: float,
    kappa_prime: float,
    joint: JointNoise | None = None,
) -> None:
    """Step ``A.support`` with the noise in ``A.noise``; ``kappa``s as :func:`observe.couple`."""
    columns = (np.int64(0), np.int64(A.support.shape[0]))
    step_support_columns(A, params, (kappa, kappa_prime), columns, joint)
