"""Small tasks with properties that a reduced engine could get wrong."""

from __future__ import annotations

import warnings

import numpy as np

from scbsim.errors import TaskWarning
from scbsim.task import Task


def small(N: int = 4, T: int = 30, Q: int = 2, mu: str = "dirichlet") -> Task:
    """Return a random task, with uneven mu by default."""
    with warnings.catch_warnings(action="ignore", category=TaskWarning):
        return Task.random(N=N, T=T, Q=Q, mu=mu, mu_concentration=2.0, P_concentration=0.1, seed=3)


def without_transitions(T: int = 30) -> Task:
    """Return a task whose outputs ignore their sources: ``P = mu 1'``, so K_P = 0."""
    return _changed(small(T=T), independent=True)


def without_positions(T: int = 6) -> Task:
    """Return a task whose queries attend to all positions evenly: ``Q = T``, so K_Q = 0."""
    return _changed(small(N=3, T=T, Q=T), weights=np.full((3, T), 1.0 / T))


def without_anything(T: int = 6) -> Task:
    """Return a task with nothing to learn: K_P = K_Q = 0."""
    return _changed(without_positions(T), independent=True)


def half_without_positions(T: int = 5) -> Task:
    """Return a task in which every other query attends to all positions evenly."""
    task = small(N=4, T=T, Q=T)
    weights = task.q_weights.copy()
    weights[::2] = 1.0 / T
    return _changed(task, weights=weights)


def _changed(task: Task, *, independent: bool = False, weights: np.ndarray | None = None) -> Task:
    """Return a task with other weights, or with outputs that do not depend on their sources."""
    P = np.outer(task.mu, np.ones(task.N)) if independent else task.P
    assert P is not None
    weights = task.q_weights if weights is None else weights
    with warnings.catch_warnings(action="ignore", category=TaskWarning):
        return Task.from_arrays(task.mu, P, task.q_positions, weights, task.T)
