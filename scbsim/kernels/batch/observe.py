"""Observables of states that need not keep the invariants: `docs/model.md`, section 8."""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import internal_jit, kernel
from scbsim.kernels.gaussian.observe import couple
from scbsim.kernels.gaussian.state import Attention, ProblemConstants, Value
from scbsim.kernels.types import F64


@internal_jit
def couple_unconstrained(
    A: Attention, V: Value, sums: F64, mean: F64, constants: ProblemConstants, row: F64
) -> float:
    """Write the observables of a state to ``row``; return a number that is finite if all are.

    ``sums`` and ``mean`` are ``1'a_k`` and ``V mu``, as in `workspace.Learner`.
    """
    nA, qA, kappa, kappa_prime = couple(A, V, constants, row)
    T, square = constants.T, constants.mu_square
    # Corrections for columns whose sum is not 1, and for a V mu that is not mu.
    off, beyond, far = 0.0, 0.0, 0.0
    for k in range(sums.size):
        more = sums[k] - 1.0
        off += constants.mu[k] * more
        beyond += constants.mu[k] * more * more
        for n in range(mean.size):
            gap = sums[k] * mean[n] - constants.mu[n]
            far += constants.mu[k] * gap * gap
    mean_square, mean_dot, mean_off = 0.0, 0.0, 0.0
    for n in range(mean.size):
        mean_square += mean[n] * mean[n]
        mean_dot += mean[n] * constants.mu[n]
        mean_off += (mean[n] - constants.mu[n]) * (mean[n] - constants.mu[n])
    nA += (beyond + 2.0 * off) / T
    qA += off / T
    alpha_V, rest = V.scalars[0], V.scalars[1]
    row[2] = np.sqrt(row[2] * row[2] + beyond / T)
    row[4] = np.sqrt(row[4] * row[4] + beyond / T)
    row[5] = np.sqrt((1.0 - alpha_V) * (1.0 - alpha_V) * constants.K_P + rest + mean_off)
    row[6] = qA / np.sqrt(nA * (constants.K_Q + 1.0 / T))
    row[7] = (kappa_prime + mean_dot) / np.sqrt((kappa + mean_square) * (constants.K_P + square))
    row[8] = 0.5 * (1.0 - square - 2.0 * qA * kappa_prime + nA * kappa + far)
    return nA + qA + kappa + row[4] + row[5] + row[8]


@kernel
def observe_unconstrained(
    A: Attention, V: Value, sums: F64, mean: F64, constants: ProblemConstants, row: F64
) -> None:
    """Write the observables of a state; the entry point of :func:`couple_unconstrained`."""
    couple_unconstrained(A, V, sums, mean, constants, row)
