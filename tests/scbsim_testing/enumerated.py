"""Exact means over every sample of a small task."""

from __future__ import annotations

import itertools

import numpy as np

from scbsim import Task


def every_sample(task, q):
    """Probability, context, query and output of each sample that can occur."""
    for context in itertools.product(range(task.N), repeat=task.T):
        of_context = np.prod(task.mu[list(context)])
        for k, t, o in itertools.product(range(task.N), range(task.T), range(task.N)):
            p = of_context * task.mu[k] * q[t, k] * task.P[o, context[t]]
            if p > 0.0:
                yield p, context, k, o


class Enumerated:
    """A small task, a learner that keeps the invariants, and exact means over the samples."""

    def __init__(self, N, T, Q, seed):
        rng = np.random.default_rng(seed)
        task = self.task = Task.random(
            N, T, Q, mu="dirichlet", mu_concentration=2.0, P_concentration=0.5, seed=seed
        )
        self.q = np.zeros((T, N))
        np.put_along_axis(self.q, task.q_positions.T, task.q_weights.T, axis=0)
        self.mu, self.Pb = task.mu, task.P - task.mu[:, None]
        self.left = np.eye(N) - 1 / N
        self.right = np.eye(N) - np.outer(task.mu, np.ones(N))
        Z = rng.normal(size=(N, N))
        A = rng.normal(size=(T, N))
        self.set(self.left @ Z @ self.right, A - A.mean(axis=0) + 1 / T)

    def set(self, Vb, A):
        self.Vb, self.A = Vb, A
        self.V = Vb + self.mu[:, None]
        self.nA = (A**2).sum(axis=0) @ self.mu
        self.qA = (A * self.q).sum(axis=0) @ self.mu
        self.kappa = (Vb**2).sum(axis=0) @ self.mu
        self.kappa_prime = (Vb * self.Pb).sum(axis=0) @ self.mu

    def gradients(self):
        """Probability, loss and preconditioned, projected gradients of V and A, by sample."""
        task = self.task
        for p, context, k, o in every_sample(task, self.q):
            X = np.eye(task.N)[:, list(context)]
            u = X @ self.A[:, k]
            r = self.V @ u
            r[o] -= 1.0
            grad_V = self.left @ (np.outer(r, u) / self.mu) @ self.right
            grad_A = np.zeros((task.T, task.N))
            grad_A[:, k] = X.T @ self.V.T @ r / self.mu[k]
            yield p, 0.5 * r @ r, grad_V, grad_A - grad_A.mean(axis=0)
