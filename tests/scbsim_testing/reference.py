"""The dynamics in a few lines of NumPy, written from docs/model.md alone, many runs at once.

Nothing is shared with the package but the task: A is a full (runs, T, N) array, the projections
are matrices, and the observables are the definitions of section 2.
"""

from __future__ import annotations

import numpy as np


def soft(x, threshold):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


def full_q(task):
    q = np.zeros((task.T, task.N))
    for k in range(task.N):
        q[task.q_positions[k], k] = task.q_weights[k]
    return q


class Reference:
    def __init__(self, task, runs, alpha_A, alpha_V, seed):
        self.mu, self.P, self.q = task.mu, task.P, full_q(task)
        self.N, self.T, self.runs = task.N, task.T, runs
        self.s = np.broadcast_to(alpha_A * self.q, (runs, self.T, self.N)).copy()
        self.Pt = (self.P - self.mu[:, None]) * np.sqrt(self.mu)
        self.W = np.broadcast_to(alpha_V * self.Pt, (runs, self.N, self.N)).copy()
        self.left = np.eye(self.N) - np.ones((self.N, self.N)) / self.N
        root = np.sqrt(self.mu)
        self.right = np.eye(self.N) - np.outer(root, root)
        self.rng = np.random.default_rng(seed)
        self.memory = np.zeros_like(self.s)

    @property
    def a(self):
        return self.s + (1.0 - self.s.sum(axis=1, keepdims=True)) / self.T

    def step(self, rule, rate_A, rate_V, sigma_A, sigma_V, threshold):
        a, W = self.a, self.W
        nA = (self.mu * (a**2).sum(axis=1)).sum(axis=1)[:, None, None]
        qA = (self.mu * (a * self.q).sum(axis=1)).sum(axis=1)[:, None, None]
        kappa = (W**2).sum(axis=(1, 2))[:, None, None]
        kappa_prime = (W * self.Pt).sum(axis=(1, 2))[:, None, None]
        noise = sigma_A * self.rng.standard_normal(self.s.shape)
        h = kappa * self.s - kappa_prime * self.q + noise
        if rule == "prox":
            self.s = soft(self.s - rate_A * h, rate_A * threshold)
        elif rule == "denoise":
            self.s = self.s - rate_A * soft(h, threshold)
        elif rule == "hard":
            after = self.s - rate_A * h
            self.s = np.where(np.abs(after) > rate_A * threshold, after, 0.0)
        elif rule == "momentum":
            self.memory = 0.9 * self.memory + h
            self.s = self.s - rate_A * self.memory
        else:
            self.s = self.s - rate_A * h
        G = self.left @ self.rng.standard_normal(W.shape) @ self.right
        self.W = W - rate_V * (nA * W - qA * self.Pt - sigma_V * G)

    def observables(self):
        """(runs, 9): everything from A and V in full."""
        A, Q = self.a, self.q
        V = self.W / np.sqrt(self.mu) + self.mu[:, None]
        mu, P = self.mu, self.P

        def dot(X, Y):
            return (mu * (X * Y).sum(axis=-2)).sum(axis=-1)

        At, Qt = A - 1.0 / self.T, Q - 1.0 / self.T
        Vb, Pb = V - mu[:, None], P - mu[:, None]
        alpha_A = dot(At, Qt) / dot(Qt, Qt)
        alpha_V = dot(Vb, Pb) / dot(Pb, Pb)
        DA = At - alpha_A[:, None, None] * Qt
        DV = Vb - alpha_V[:, None, None] * Pb
        nA, qA = dot(A, A), dot(A, Q)
        kappa, kappa_prime = dot(Vb, Vb), dot(Vb, Pb)
        loss = 0.5 * (1.0 - mu @ mu - 2.0 * qA * kappa_prime + nA * kappa)
        return np.stack(
            [
                alpha_A,
                alpha_V,
                np.sqrt(dot(DA, DA)),
                np.sqrt(dot(DV, DV)),
                np.sqrt(dot(A - Q, A - Q)),
                np.sqrt(dot(V - P, V - P)),
                dot(A, Q) / np.sqrt(dot(A, A) * dot(Q, Q)),
                dot(V, P) / np.sqrt(dot(V, V) * dot(P, P)),
                loss,
            ],
            axis=-1,
        )
