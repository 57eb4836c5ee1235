"""A step on real batches in NumPy: sums by `bincount`, entries by fancy indexing."""

import numpy as np

from scbsim.benchmark.peers.tokens_in_numpy import Tokens


class ByHand:
    """sgd, preconditioned and projected, as the engine does it; one thread."""

    def __init__(self, mu, T, B, threads, dtype="float32"):
        N = len(mu)
        self.N, self.B, self.mu = N, B, np.array(mu)
        self.tokens, self.heads = Tokens(mu, (B, T)), Tokens(mu, (2, B))
        self.A, self.V = np.full((N, T), 1 / T, dtype), np.full((N, N), 1 / N, dtype)
        self.shift = (N * np.arange(B))[:, None]

    def step(self, rate=1e-6):
        N, B = self.N, self.B
        x, (k, o) = self.tokens.draw(), self.heads.draw()
        x += self.shift
        u = np.bincount(x.ravel(), self.A[k].ravel(), B * N).reshape(B, N)
        r = u @ self.V.T
        r[np.arange(B), o] -= 1.0
        g = (r @ self.V).ravel()[x]
        of_A = np.zeros(self.A.shape)
        for query in range(N):
            of_A[query] = g[k == query].sum(axis=0) / self.mu[query]
        of_V = r.T @ u
        self.A -= rate * (of_A - of_A.mean(axis=1, keepdims=True)).astype(self.A.dtype)
        of_V = of_V / self.mu - of_V.sum(axis=1, keepdims=True)
        self.V -= rate * (of_V - of_V.mean(axis=0)).astype(self.V.dtype)
