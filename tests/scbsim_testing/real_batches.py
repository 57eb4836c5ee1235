"""The learner on real batches in a few lines of NumPy, written from docs/model.md alone."""

from __future__ import annotations

import numpy as np

from scbsim import Task
from scbsim.engines.batch import BatchEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.softmax import SoftmaxEngine
from scbsim.engines.stages import Stage
from scbsim_testing.reference import soft

ENGINES = {"batch": BatchEngine, "softmax": SoftmaxEngine}


def a_task(N, T, Q=2, seed=1, **more):
    options = {"mu": "dirichlet", "P_concentration": 0.02, **more}
    return Task.random(N, T, Q, seed=seed, **options)


def engine(task, size, kind="batch", *, dtype="float64", threads=1, seed=5, **start):
    start = {"alpha_A": 0.3, "alpha_V": 0.4, **start}
    made = ENGINES[kind](
        task,
        NoiseLevels.none(task),
        batch_size=size,
        seed=seed,
        dtype=np.dtype(dtype),
        threads=threads,
        **start,
    )
    return made


def a_stage(task, rule="sgd", rate_A=0.05, rate_V=0.05, threshold=0.0, until=np.inf):
    return Stage(0, rule, 10**6, rate_A, rate_V, np.full(task.N, threshold), until, None)


def one_hot(x, N):
    X = np.zeros((N, len(x)))
    X[x, np.arange(len(x))] = 1.0
    return X


def loss_of(A, V, batch):
    total = 0.0
    for x, k, o in zip(batch.tokens, batch.query, batch.output, strict=True):
        f = V @ one_hot(x, len(V)) @ A[:, k]
        total += 0.5 * (1.0 - 2.0 * f[o] + f @ f)
    return total / len(batch.query)


def gradients(A, V, batch):
    """Of the mean loss of a batch: (T, N) and (N, N)."""
    of_A, of_V = np.zeros_like(A), np.zeros_like(V)
    for x, k, o in zip(batch.tokens, batch.query, batch.output, strict=True):
        X = one_hot(x, len(V))
        u = X @ A[:, k]
        r = V @ u - np.eye(len(V))[o]
        of_V += np.outer(r, u)
        of_A[:, k] += X.T @ V.T @ r
    return of_A / len(batch.query), of_V / len(batch.query)


class Learner:
    """A, by ``s`` and its columns' sums or by logits, and V in full."""

    def __init__(self, made, softmax=False):
        A, V = made.matrices()
        self.mu, self.softmax = made.task.mu, softmax
        self.V = V.copy()
        self.T, self.N = A.shape
        self.s = np.log(A) if softmax else made.s().T.copy()
        self.sums = A.sum(axis=0)

    @property
    def A(self):
        if self.softmax:
            a = np.exp(self.s - self.s.max(axis=0))
            return a / a.sum(axis=0)
        return self.s + (self.sums - self.s.sum(axis=0)) / self.T

    def step(self, batch, rule, rate_A, rate_V, threshold=0.0):
        A = self.A
        g, G = gradients(A, self.V, batch)
        if self.softmax:
            g = A * (g - (A * g).sum(axis=0))
        if rule == "vanilla":
            G_V = G
            if not self.softmax:
                self.sums = self.sums - rate_A * g.sum(axis=0)
        else:
            g = g / self.mu
            if not self.softmax:
                g = g - g.mean(axis=0)
            left = np.eye(self.N) - 1.0 / self.N
            right = np.eye(self.N) - np.outer(self.mu, np.ones(self.N))
            G_V = left @ (G / self.mu) @ right
        if rule == "prox":
            self.s = soft(self.s - rate_A * g, rate_A * threshold)
        elif rule == "denoise":
            self.s = self.s - rate_A * soft(g, threshold)
        else:
            self.s = self.s - rate_A * g
        self.V = self.V - rate_V * G_V


def observables(task, A, V):
    """(9,): the definitions of sections 2 and 8; the loss by its expectation's terms one by one."""
    mu, P = task.mu, task.P
    Q = np.zeros((task.T, task.N))
    np.put_along_axis(Q.T, task.q_positions, task.q_weights, axis=1)

    def dot(X, Y):
        return float((mu * (X * Y).sum(axis=0)).sum())

    def norm(X):
        return np.sqrt(dot(X, X))

    At, Qt = A - 1.0 / task.T, Q - 1.0 / task.T
    Vb, Pb = V - (V @ mu)[:, None], P - mu[:, None]
    alpha_A, alpha_V = dot(At, Qt) / dot(Qt, Qt), dot(Vb, Pb) / dot(Pb, Pb)
    return np.array(
        [
            alpha_A,
            alpha_V,
            norm(At - alpha_A * Qt),
            norm(Vb - alpha_V * Pb),
            norm(A - Q),
            norm(V - P),
            dot(A, Q) / norm(A) / norm(Q),
            dot(V, P) / norm(V) / norm(P),
            expected_loss(task, A, V, Q),
        ]
    )


def expected_loss(task, A, V, Q):
    """``E |e_o - V X a_k|^2 / 2`` from pairs of positions: equal, or independent tokens."""
    mu, P = task.mu, task.P
    VV = V.T @ V
    same, apart = mu @ np.diag(VV), mu @ VV @ mu
    found, missed = (mu * (P * V).sum(axis=0)).sum(), mu @ V @ mu
    total = 0.0
    for k in range(task.N):
        a, q = A[:, k], Q[:, k]
        square = (a @ a) * same + (a.sum() ** 2 - a @ a) * apart
        cross = (a @ q) * found + (a.sum() - a @ q) * missed
        total += mu[k] * 0.5 * (1.0 - 2.0 * cross + square)
    return total
