"""Random tasks: the draws of the token distribution, the transitions and the attention targets.

Each part has its own random stream, spawned from one seed, so that a longer context or a larger
support does not change ``mu`` and ``P``. Section 1 of docs/model.md has the laws and the reasons.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import Fault, TaskError
from scbsim.task.balance import balance
from scbsim.task.checks import EXACT, check_above_0, check_integer, check_K_P

Array = NDArray[np.float64]

SMALLEST_RATIO = 1e-100
"""Smallest ratio of an entry to the largest of its column; sharp draws would underflow to 0."""


def check_random(
    N: int,
    T: int,
    Q: int,
    mu: str,
    concentrations: dict[str, float],
    seed: int,
    K_P: float | None = None,
) -> tuple[dict[str, int], dict[str, float]]:
    """Return the checked integers and the checked concentrations of :meth:`scbsim.Task.random`.

    Raises
    ------
    TaskError
        With every argument that is out of range.
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


def streams(seed: int) -> tuple[np.random.Generator, ...]:
    """Return independent generators for ``mu``, ``P``, the positions and the weights."""
    return tuple(np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4))


def log_gamma(rng: np.random.Generator, shape: float, size: tuple[int, ...]) -> Array:
    """Draw logarithms of gamma variates, accurate also where the variates underflow.

    A gamma variate of shape `a` is one of shape `a + 1` times `U^(1/a)`, with `U` uniform. Minus
    the logarithm of the second factor is an exponential variate over `a`. At shape 0.005 half of
    all variates are below 1e-60, and some are below the smallest float.
    """
    if np.isinf(shape):
        return np.zeros(size)
    body = np.log(rng.standard_gamma(shape + 1.0, size))
    # The quotient must stay finite; below 1e-100 the shape makes no difference.
    return np.asarray(body - rng.standard_exponential(size) / max(shape, 1e-100))


def dirichlet(rng: np.random.Generator, concentration: float, size: tuple[int, ...]) -> Array:
    """Draw symmetric Dirichlet vectors along the last axis; ``inf`` gives equal entries."""
    if np.isinf(concentration):
        return np.full(size, 1.0 / size[-1])
    logs = log_gamma(rng, concentration, size)
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def draw_mu(rng: np.random.Generator, N: int, law: str, concentration: float) -> Array:
    """Draw the token distribution, shape (N,), by the law ``"uniform"`` or ``"dirichlet"``.

    Raises
    ------
    TaskError
        If the concentration is so small that the probability of a token underflows.
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
    """Draw a transition matrix, (N, N): gamma entries, balanced to keep `mu`."""
    logs = log_gamma(rng, concentration, (mu.size, mu.size))
    logs -= logs.max(axis=0)
    return balance(np.maximum(np.exp(logs), SMALLEST_RATIO), mu)


def draw_positions(rng: np.random.Generator, N: int, T: int, Q: int) -> NDArray[np.int64]:
    """Draw positions, (N, Q): in each row Q distinct ones in [0, T), uniform, sorted.

    For Q far below T, Generator.choice is Floyd's method, with memory O(Q) and not O(T).
    """
    positions = np.empty((N, Q), dtype=np.int64)
    for row in positions:
        row[:] = rng.choice(T, size=Q, replace=False, shuffle=False)
    positions.sort(axis=1)
    return positions
