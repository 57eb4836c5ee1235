"""Small tasks with every peculiarity that a representation could trip over."""

from __future__ import annotations

import warnings

import numpy as np

from scbsim.errors import TaskWarning
from scbsim.task import Task


def small(N: int = 4, T: int = 30, Q: int = 2, mu: str = "dirichlet") -> Task:
    """Return a task at random; its mu is uneven unless it is told otherwise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskWarning)
        return Task.random(N=N, T=T, Q=Q, mu=mu, mu_concentration=2.0, P_concentration=0.1, seed=3)


def without_transitions(T: int = 30) -> Task:
    """Return a task whose every output ignores its source: ``P = mu 1'``, so that K_P = 0."""
    like = small(T=T)
    return _task(like.mu, np.outer(like.mu, np.ones(like.N)), like)


def without_positions(T: int = 6) -> Task:
    """Return a task whose every query looks everywhere: ``Q = T``, even weights, K_Q = 0."""
    like = small(N=3, T=T, Q=T)
    return _task(like.mu, like.P, like, np.full((like.N, T), 1.0 / T))


def without_anything(T: int = 6) -> Task:
    """Return a task with nothing to be learned: K_P = K_Q = 0."""
    like = without_positions(T)
    return _task(like.mu, np.outer(like.mu, np.ones(like.N)), like, like.q_weights)


def half_without_positions(T: int = 5) -> Task:
    """Return a task in which some columns look everywhere, and others do not."""
    like = small(N=4, T=T, Q=T)
    weights = like.q_weights.copy()
    weights[::2] = 1.0 / T
    return _task(like.mu, like.P, like, weights)


def _task(
    mu: np.ndarray, P: np.ndarray | None, like: Task, weights: np.ndarray | None = None
) -> Task:
    assert P is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskWarning)
        return Task.from_arrays(
            mu, P, like.q_positions, like.q_weights if weights is None else weights, like.T
        )
