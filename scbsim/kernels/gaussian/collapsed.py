"""Many steps of a run under SGD that is known by a few numbers: `docs/model.md`, section 6."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import kernel, piece
from scbsim.kernels.gaussian.dense import DIVERGED, SIGNAL_REACHED, STEPS_DONE, overflowed
from scbsim.kernels.gaussian.isotropic import step_component
from scbsim.kernels.gaussian.observe import write_observables
from scbsim.kernels.gaussian.value import step_scalars
from scbsim.kernels.random.philox import COLLAPSED_A, counter_words, split_seed


class CollapsedAttention(NamedTuple):
    """A by groups of columns whose noise is isotropic in the mu metric: one, or one a column.

    Attributes
    ----------
    alpha : (groups,) float64
        Signal of each group.
    rest : (groups,) float64
        ``sum mu_k |a_k - 1/T - alpha (q_k - 1/T)|^2`` over its columns.
    K : (groups,) float64
        ``sum mu_k K_k``. Not changed.
    D : (groups,) float64
        Dimensions in which its columns move, ``T - 1`` for each. Not changed.
    sigma : (groups,) float64
        ``sqrt(mu_k) sigma_k``, alike for all its columns. Not changed.
    """

    alpha: Any
    rest: Any
    K: Any
    D: Any
    sigma: Any


@piece
def _couple(A: Any, scalars: Any, facts: Any, row: Any) -> Any:
    nA, qA, delta = 0.0, 0.0, 0.0
    for g in range(A.K.size):
        nA += A.alpha[g] * A.alpha[g] * A.K[g] + A.rest[g]
        qA += A.alpha[g] * A.K[g]
    alpha = qA / facts.K_Q if facts.K_Q > 0.0 else 0.0
    for g in range(A.K.size):
        off = A.alpha[g] - alpha if A.K.size > 1 else 0.0
        delta += off * off * A.K[g] + A.rest[g]
    return write_observables((alpha, delta, nA, qA), scalars, facts, row)


@kernel
def observe_collapsed(A: Any, scalars: Any, facts: Any, row: Any) -> None:
    """Write the observables of a state."""
    _couple(A, scalars, facts, row)


@kernel
def advance_collapsed(A: Any, scalars: Any, facts: Any, move: Any, step: Any, rows: Any) -> Any:
    """Take up to ``len(rows)`` steps of SGD.

    Parameters
    ----------
    A : CollapsedAttention
    scalars : (2,) float64
        ``alpha_V`` and ``rho_V^2``.
    facts, move
        See `layout`; of the move's noise and levels only ``sigma_V`` is read.
    step : int
        Steps taken before: the next step's place in the random stream.
    rows : (n, 9) float64
        Receives the observables after each step.

    Returns
    -------
    taken : int
    reason : int
        STEPS_DONE, SIGNAL_REACHED or DIVERGED; a step that overflows is taken but not counted.
    """
    row = np.empty(rows.shape[1])
    key = split_seed(facts.seed)
    nA, qA, kappa, kappa_prime = _couple(A, scalars, facts, row)
    for taken in range(rows.shape[0]):
        at = (np.uint64(step + taken), facts.seed, facts.replica)
        value = (1.0 - move.rate_V * nA, move.rate_V * qA, move.rate_V * move.sigma_V)
        keep, pull = 1.0 - move.rate_A * kappa, move.rate_A * kappa_prime
        for g in range(A.K.size):
            counter = counter_words(g, at[0], COLLAPSED_A, facts.replica)
            known, target = (A.alpha[g], A.rest[g]), (A.K[g], A.D[g])
            factors = (keep, pull, move.rate_A * A.sigma[g])
            A.alpha[g], A.rest[g] = step_component(known, target, factors, counter, key)
        step_scalars(scalars, facts, value, at)
        nA, qA, kappa, kappa_prime = _couple(A, scalars, facts, row)
        if overflowed(nA, qA, kappa, row):
            return taken, DIVERGED
        rows[taken, :] = row
        if max(row[0], row[1]) >= move.until_signal:
            return taken + 1, SIGNAL_REACHED
    return rows.shape[0], STEPS_DONE
