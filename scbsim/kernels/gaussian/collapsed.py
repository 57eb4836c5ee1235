"""Steps of SGD on the few numbers of a collapsed A and V: `docs/model.md`, section 6."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import internal_jit, kernel
from scbsim.kernels.gaussian.collapsed_value import CollapsedValue, step_collapsed_value
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE, overflowed
from scbsim.kernels.gaussian.isotropic import step_component
from scbsim.kernels.gaussian.observe import keep_row, make_row, write_observables
from scbsim.kernels.gaussian.schedule import at_step
from scbsim.kernels.gaussian.state import ProblemConstants, StepParams
from scbsim.kernels.gaussian.turning import turn
from scbsim.kernels.gaussian.value import value_factors
from scbsim.kernels.random.philox import COLLAPSED_A, counter_words, split_seed
from scbsim.kernels.types import F64, Address, Couplings, Int


class CollapsedAttention(NamedTuple):
    """A by groups of columns whose noise is isotropic in the mu metric.

    There is one group, or one for each column. The first five arrays of floats are of all groups;
    :func:`make_collapsed` makes the others.
    """

    alpha: F64  # (groups,): signal; changed
    rest: F64  # (groups,): sum of mu_k |a_k - 1/T - alpha (q_k - 1/T)|^2; changed
    K: F64  # (groups,): sum of mu_k K_k
    D: F64  # (groups,): dimensions in which the columns move, T - 1 for each
    sigma: F64  # (groups,): sqrt(mu_k) sigma_k, the same for all columns of a group
    cosine: F64  # (groups,): of the turn of a rest's direction in the last step; changed
    since: F64  # (groups,) or (0,): the cosine with its known direction, if it is known; changed
    free: F64  # (groups,): dimensions at right angles to the target and the rest
    # (3,): the sum of s_k is now ``ones[0]`` times what it was, plus ``ones[1]``, plus a normal of
    # variance ``T sigma_k^2 ones[2]``; changed
    ones: F64


def make_collapsed(alpha: F64, rest: F64, K: F64, D: F64, sigma: F64) -> CollapsedAttention:
    """Return a collapsed A, given its first five arrays."""
    free = np.maximum(D - np.where(K > 0, 2.0, 1.0), 0.0)
    ones = np.array([1.0, 0.0, 0.0])
    return CollapsedAttention(alpha, rest, K, D, sigma, np.ones(len(K)), np.empty(0), free, ones)


@internal_jit
def _couple(
    A: CollapsedAttention, scalars: F64, constants: ProblemConstants, row: F64
) -> Couplings:
    nA, qA, delta = 0.0, 0.0, 0.0
    for g in range(A.K.size):
        nA += A.alpha[g] * A.alpha[g] * A.K[g] + A.rest[g]
        qA += A.alpha[g] * A.K[g]
    alpha = qA / constants.K_Q if constants.K_Q > 0.0 else 0.0
    for g in range(A.K.size):
        off = A.alpha[g] - alpha if A.K.size > 1 else 0.0
        delta += off * off * A.K[g] + A.rest[g]
    return write_observables((alpha, delta, nA, qA), scalars, constants, row)


@kernel
def observe_collapsed(
    A: CollapsedAttention, scalars: F64, constants: ProblemConstants, row: F64
) -> None:
    """Write the observables of a state."""
    _couple(A, scalars, constants, row)


@internal_jit
def _step(
    A: CollapsedAttention,
    V: CollapsedValue,
    constants: ProblemConstants,
    params: StepParams,
    taken: Int,
    coupled: Couplings,
    at: Address,
) -> None:
    now, key = at_step(params, taken), split_seed(constants.seed)
    nA, qA, kappa, kappa_prime = coupled
    factors_V = value_factors(now, nA, qA)
    keep, pull = 1.0 - now.rate_A * kappa, now.rate_A * kappa_prime
    noise = now.rate_A * now.noise_scale
    for g in range(A.K.size):
        counter = counter_words(g, at[0], COLLAPSED_A, constants.replica)
        before, target = (A.alpha[g], A.rest[g]), (A.K[g], A.D[g])
        factors = (keep, pull, noise * A.sigma[g])
        alpha, rest, cosine = step_component(before, target, factors, counter, key)
        A.alpha[g], A.rest[g], A.cosine[g] = alpha, rest, cosine
    turn(A.cosine, A.since, A.free, 0, at)
    A.ones[0] *= keep
    A.ones[1] = keep * A.ones[1] + pull
    A.ones[2] = keep * keep * A.ones[2] + noise * noise
    step_collapsed_value(V, constants, factors_V, A.K.size, at)


@kernel
def advance_collapsed(
    A: CollapsedAttention,
    V: CollapsedValue,
    constants: ProblemConstants,
    params: StepParams,
    step: Int,
    rows: F64,
) -> tuple[int, int]:
    """Take up to ``len(rows)`` steps of SGD; parameters and result as :func:`dense.advance`.

    Parameters
    ----------
    params : StepParams
        Its rates, ``sigma_V``, ``until_signal`` and schedule are read.
    """
    row = make_row(rows)
    coupled = _couple(A, V.scalars, constants, row)
    for taken in range(rows.shape[0]):
        at = (np.uint64(step + taken), constants.seed, constants.replica)
        _step(A, V, constants, params, taken, coupled, at)
        coupled = _couple(A, V.scalars, constants, row)
        if overflowed(coupled, row):
            return taken, DIVERGED
        keep_row(rows, taken, row)
        if max(row[0], row[1]) >= params.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
