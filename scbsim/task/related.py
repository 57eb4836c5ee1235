"""Correlations of two tasks, and a second task with a given correlation.

The definitions are in docs/transfer.md. They are our choice: the text of the paper that this
program was written from speaks of "a nontrivial correlation" without defining it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import Fault, InputError, TaskError
from scbsim.task.checks import check_above_0, check_integer
from scbsim.task.make import Task
from scbsim.task.random import draw_P, draw_positions
from scbsim.task.sparse_bigram import WITHOUT_P, SparseBigram
from scbsim.util.numbers import as_float

Array = NDArray[np.float64]

MOST_DRAWS = 64
"""Largest number of draws of transitions, of which about half do not correlate positively."""


class Correlations(NamedTuple):
    """Cosines of the centred matrices of two tasks, in the mu inner product.

    Attributes
    ----------
    P : float
        Of the transitions: ``<P - mu 1', P' - mu 1'>_mu`` divided by both norms.
    Q : float
        Of the attention targets: ``<Q - 1/T, Q' - 1/T>_mu`` divided by both norms.
    """

    P: float
    Q: float


def correlations(task: SparseBigram, other: SparseBigram) -> Correlations:
    """Return the correlations of two tasks.

    Parameters
    ----------
    task, other : Task
        With the same ``mu`` and ``T``, and with a ``P``.

    Returns
    -------
    Correlations
        Each from -1 to 1; NaN if ``K`` of one of the two matrices is 0.

    Raises
    ------
    TaskError
        If ``mu`` or ``T`` differ.
    InputError
        If one has no ``P``.
    """
    faults = []
    if not np.array_equal(task.mu, other.mu):
        faults.append(Fault("mu", "differs; correlations are between tasks with the same mu"))
    if task.T != other.T:
        faults.append(Fault("T", f"{task.T} and {other.T}; it must be the same"))
    if faults:
        raise TaskError(faults, where="the pair of tasks")
    at_P = _cosine(float((task.P_tilde * other.P_tilde).sum()), task.K_P, other.K_P)
    same = task.q_positions[:, :, None] == other.q_positions[:, None, :]
    overlaps = np.einsum("kij,ki,kj->k", same, task.q_weights, other.q_weights)
    at_Q = _cosine(float(task.mu @ (overlaps - 1.0 / task.T)), task.K_Q, other.K_Q)
    return Correlations(at_P, at_Q)


def related_task(
    task: Task, correlation: float, *, seed: int = 0, P_concentration: float = 0.02
) -> Task:
    """Make a task that has a given correlation with another, in ``P`` and in ``Q``.

    The transitions are a mixture of those of ``task`` and of new ones. Attention targets have the
    same weights; some queries keep their positions, the others get new ones.

    Parameters
    ----------
    task : Task
        With its ``P``; ``T`` at least ``2 Q``.
    correlation : float
        0 to 1, of both matrices, as defined by :func:`correlations`.
    seed : int
        Seed of the new parts, at least 0. Tasks of one seed share them for all correlations, so
        that they lie on a path that ends at ``task``.
    P_concentration : float
        Sharpness of the new transitions, as in :meth:`scbsim.Task.random`.

    Returns
    -------
    Task
        With the same ``N``, ``T`` and ``mu``. Its ``Q`` is larger by one, because one column may
        split a weight between an old and a new position. A correlation of 1 gives ``task`` itself.

    Raises
    ------
    TaskError
        If an argument is out of range, or no such task exists.
    InputError
        If the task has no ``P``.

    Notes
    -----
    docs/transfer.md. The correlations are exact to rounding.
    """
    correlation, seed, P_concentration = _checked(task, correlation, seed, P_concentration)
    if correlation == 1.0:
        return task
    of_P, of_positions, of_order = (
        np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3)
    )
    P = _mixture(task, correlation, of_P, P_concentration)
    moved = _moved(task, of_positions)
    positions, weights = _shared(task, correlation, moved, of_order.permutation(task.N))
    return Task.from_arrays(task.mu, P, positions, weights, task.T)


def _cosine(product: float, K: float, other_K: float) -> float:
    return product / (K * other_K) ** 0.5 if K * other_K > 0.0 else float("nan")


def _checked(
    task: Task, correlation: float, seed: int, P_concentration: float
) -> tuple[float, int, float]:
    if task.P is None:
        raise InputError(WITHOUT_P)
    faults: list[Fault] = []
    number = check_integer("seed", seed, 0, 2**64, faults)
    wanted = as_float(correlation)
    if wanted is None or not 0.0 <= wanted <= 1.0:
        faults.append(Fault("correlation", f"{correlation!r} is not a number from 0 to 1"))
    elif wanted < 1.0 and task.N == 2:
        problem = "is 2: all such P are equal up to a factor, so only correlation 1 is possible"
        faults.append(Fault("N", problem))
    sharpness = check_above_0("P_concentration", P_concentration, faults)
    if task.T < 2 * task.Q:
        problem = f"{task.T} is below 2 Q = {2 * task.Q}: there are too few other positions"
        faults.append(Fault("T", problem))
    for name in ("K_P", "K_Q"):
        if getattr(task, name) <= 0.0:
            faults.append(Fault(name, "is 0: there is nothing to correlate with"))
    if faults:
        raise TaskError(faults, where="a related task")
    assert wanted is not None and number is not None  # noqa: PT018
    return wanted, number, sharpness


def _root(excess: Callable[[float], float], most: float) -> float:
    """Return the root of a correlation minus the given one, in [0, most]."""
    from scipy.optimize import brentq

    return float(brentq(excess, 0.0, most, xtol=1e-16, rtol=4 * np.finfo(float).eps))


def _mixture(
    task: Task, correlation: float, rng: np.random.Generator, P_concentration: float
) -> Array:
    """Return ``s P + (1 - s) P'``, with a drawn P' whose correlation with P is at most 0."""
    for _ in range(MOST_DRAWS):
        other = draw_P(rng, task.mu, P_concentration)
        tilde = (other - task.mu[:, None]) * np.sqrt(task.mu)
        product, K = float((tilde * task.P_tilde).sum()), float((tilde**2).sum())
        if product <= 0.0 < K:
            break
    else:
        problem = f"all of {MOST_DRAWS} draws correlate positively with P; try another seed"
        raise TaskError([Fault("P", problem)], where="a related task")

    def excess(s: float) -> float:
        there = s * task.K_P + (1 - s) * product
        norm = s * s * task.K_P + 2 * s * (1 - s) * product + (1 - s) ** 2 * K
        return _cosine(there, task.K_P, norm) - correlation

    s = _root(excess, 1.0)
    return s * np.asarray(task.P) + (1.0 - s) * other


def _moved(task: Task, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw positions, (N, Q), outside the support of each column."""
    positions = draw_positions(rng, task.N, task.T - task.Q, task.Q)
    # Indices into the positions without the (sorted) support become positions.
    for taken in task.q_positions.T:
        positions += positions >= taken[:, None]
    return positions


def _shared(
    task: Task, correlation: float, moved: NDArray[np.int64], order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Array]:
    """Return positions and weights, (N, Q + 1), that share the first columns with the task.

    Positions are shared column by column in ``order``. The weight of the last shared position is
    split between the old and the new one, in the shares f and 1 - f.
    """
    N, Q = task.q_weights.shape
    gains = (task.mu[:, None] * task.q_weights**2)[order].ravel()
    sums = np.concatenate([[0.0], np.cumsum(gains)])

    def excess(s: float) -> float:
        n = min(int(s), N * Q - 1)
        f, gain = s - n, gains[n]
        there = sums[n] + f * gain - 1.0 / task.T
        return _cosine(there, task.K_Q, task.K_Q - 2 * f * (1 - f) * gain) - correlation

    s = _root(excess, float(N * Q))
    n = min(int(s), N * Q - 1)
    shares = np.zeros(N * Q)
    shares[:n], shares[n] = 1.0, s - n
    share = np.empty((N, Q))
    share[order] = shares.reshape(N, Q)
    column, slot = order[n // Q], n % Q
    positions = np.where(share > 0.0, task.q_positions, moved)
    weights = task.q_weights.copy()
    # The additional position: the new one of the split slot; elsewhere one without weight.
    other = np.where(share[:, 0] > 0.0, moved[:, 0], task.q_positions[:, 0])
    more = np.zeros(N)
    if share[column, slot] > 0.0:
        other[column] = moved[column, slot]
        more[column] = (1.0 - share[column, slot]) * weights[column, slot]
        weights[column, slot] *= share[column, slot]
    return np.column_stack([positions, other]), np.column_stack([weights, more])
