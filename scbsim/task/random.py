"""Random tasks: the draws of the token distribution, the transitions and the attention targets.

Every part has a stream of its own, spawned from one seed, so that one part can be varied with the
others held: a longer context or a larger support leaves ``mu`` and ``P`` as they were. Section 1 of
docs/model.md says which laws these are and why.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import Fault, TaskError
from scbsim.task.balance import balance
from scbsim.task.checks import EXACT, check_above_0, check_integer, check_K_P

Array = NDArray[np.float64]

SMALLEST_RATIO = 1e-100
"""Entries of a drawn column are at least that times the largest: a sharp draw underflows to 0."""


def checked_random(
    N: int,
    T: int,
    Q: int,
    mu: str,
    concentrations: dict[str, float],
    seed: int,
    K_P: float | None = None,
) -> tuple[dict[str, int], dict[str, float]]:
    """Return the numbers of :meth:`scbsim.Task.random` as Python's own: whole ones, and others.

    Raises
    ------
    TaskError
        If an argument is out of range; it names all that are.
    """
    faults: list[Fault] = []
    length = check_integer("T", T, 2, EXACT, faults)
    counts = {
        "N": check_integer("N", N, 2, 2**24, faults),
        "T": length,
        "Q": check_integer("Q", Q, 1, EXACT if length is None else length + 1, faults),
        "seed": check_integer("seed", seed, 0, 2**64, faults),
    }
    if mu not in ("uniform", "dirichlet"):
        faults.append(Fault("mu", f'{mu!r} is neither "uniform" nor "dirichlet"'))
    reals = {key: check_above_0(key, value, faults) for key, value in concentrations.items()}
    if K_P is not None:
        check_K_P(K_P, None, faults)
    if faults:
        raise TaskError(faults)
    return {key: number for key, number in counts.items() if number is not None}, reals


def K_P_of(mu: Array, K_P: float) -> float:
    """Return a ``K_P`` that was asked for, once the ``mu`` is known that limits it.

    Raises
    ------
    TaskError
        If no P that keeps ``mu`` has it.
    """
    faults: list[Fault] = []
    known = check_K_P(K_P, mu, faults)
    if known is None:
        raise TaskError(faults)
    return known


def streams(seed: int) -> tuple[np.random.Generator, ...]:
    """Four independent generators: of ``mu``, of ``P``, of the positions and of the weights."""
    return tuple(np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4))


def log_gamma(rng: np.random.Generator, shape: float, size: tuple[int, ...]) -> Array:
    """Logarithms of gamma variates, accurate where the variates themselves underflow.

    A gamma variate of shape `a` is one of shape `a + 1` times `U^(1/a)`, `U` uniform; in logs the
    second factor is an exponential variate over `a`. At shape 0.005 half of all variates are below
    1e-60, and some below the smallest float.
    """
    if np.isinf(shape):
        return np.zeros(size)
    body = np.log(rng.standard_gamma(shape + 1.0, size))
    # Beyond 1e-100 the ratios are 0 or infinite all the same, and the quotient must stay finite.
    return np.asarray(body - rng.standard_exponential(size) / max(shape, 1e-100))


def dirichlet(rng: np.random.Generator, concentration: float, size: tuple[int, ...]) -> Array:
    """Symmetric Dirichlet vectors along the last axis; an infinite concentration gives even ones.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the draws come from.
    concentration : float
        Above 0: small is sharp, ``inf`` is even.
    size : tuple of int
        Shape of the result.

    Returns
    -------
    numpy.ndarray
        Entries at least 0; sums along the last axis are 1 to the last few bits.
    """
    if np.isinf(concentration):
        return np.full(size, 1.0 / size[-1])
    logs = log_gamma(rng, concentration, size)
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def draw_mu(rng: np.random.Generator, N: int, law: str, concentration: float) -> Array:
    """Token distribution, shape (N,): ``"uniform"``, or ``"dirichlet"`` of that concentration.

    Raises
    ------
    TaskError
        If the concentration is so small that some token's probability underflows to 0.
    """
    if law == "uniform":
        return np.full(N, 1.0 / N)
    mu = dirichlet(rng, concentration, (N,))
    if mu.min() < SMALLEST_RATIO:
        problem = (
            f"{concentration:g} gives a token the probability {mu.min():.3g}; every token needs "
            "one above 0: raise the concentration"
        )
        raise TaskError([Fault("mu_concentration", problem)])
    return mu


def draw_P(rng: np.random.Generator, mu: Array, concentration: float) -> Array:
    """Transition matrix, shape (N, N): gamma entries of that shape, balanced to keep `mu`."""
    logs = log_gamma(rng, concentration, (mu.size, mu.size))
    logs -= logs.max(axis=0)
    return balance(np.maximum(np.exp(logs), SMALLEST_RATIO), mu)


def draw_positions(rng: np.random.Generator, N: int, T: int, Q: int) -> NDArray[np.int64]:
    """Positions, shape (N, Q): in each row Q distinct ones of [0, T), uniform, sorted.

    Generator.choice is Floyd's method where Q is far below T, so the memory is O(Q), not O(T).
    """
    positions = np.empty((N, Q), dtype=np.int64)
    for row in positions:
        row[:] = rng.choice(T, size=Q, replace=False, shuffle=False)
    positions.sort(axis=1)
    return positions
