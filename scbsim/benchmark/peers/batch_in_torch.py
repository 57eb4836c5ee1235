"""A step on real batches in PyTorch: gradients by hand, by autograd, and the model as written.

Tokens are int64, as `scatter_add_` and `gather` ask for, and drawn in whichever way is faster. By
hand everything large is written in place, and rows of A are gathered and added to by index; all
operations use torch's own threads. Outputs are drawn like tokens, in the peers' favour.
"""

import torch

from scbsim.benchmark.peers.tokens_in_torch import Tokens


class ByHand:
    """sgd, preconditioned and projected, as the engine does it."""

    def __init__(self, mu, T, B, threads, dtype="float32"):
        torch.set_num_threads(threads)
        real, N = getattr(torch, dtype), len(mu)
        self.mu = torch.tensor(mu, dtype=real)
        self.tokens, self.heads = Tokens(mu, (B, T)), Tokens(mu, (2, B))
        self.A = torch.full((N, T), 1.0 / T, dtype=real)
        self.V = self.mu[:, None].repeat(1, N)
        self.a, self.g = torch.empty(B, T, dtype=real), torch.empty(B, T, dtype=real)
        self.u, self.of_A = torch.empty(B, N, dtype=real), torch.empty(N, T, dtype=real)
        self.all = torch.arange(B)

    @torch.inference_mode()
    def step(self, rate=1e-6):
        x, (k, o) = self.tokens.draw(), self.heads.draw()
        torch.index_select(self.A, 0, k, out=self.a)
        u = self.u.zero_().scatter_add_(1, x, self.a)
        r = u @ self.V.T
        r[self.all, o] -= 1.0
        torch.gather(r @ self.V, 1, x, out=self.g)
        of_A = self.of_A.zero_().index_add_(0, k, self.g).div_(self.mu[:, None])
        of_V = r.T @ u
        update(self.A, self.V, of_A, of_V, self.mu, rate)


class ByAutograd:
    """The same loss and the same operations forward, and the gradients by autograd."""

    def __init__(self, mu, T, B, threads, dtype="float32"):
        torch.set_num_threads(threads)
        real, N = getattr(torch, dtype), len(mu)
        self.mu, self.N, self.B = torch.tensor(mu, dtype=real), N, B
        self.tokens, self.heads = Tokens(mu, (B, T)), Tokens(mu, (2, B))
        self.A = torch.full((N, T), 1.0 / T, dtype=real, requires_grad=True)
        self.V = self.mu[:, None].repeat(1, N).requires_grad_()
        self.all = torch.arange(B)

    def step(self, rate=1e-6):
        with torch.no_grad():
            x, (k, o) = self.tokens.draw().clone(), self.heads.draw().clone()
        u = torch.zeros(self.B, self.N, dtype=self.V.dtype).scatter_add(1, x, self.A[k])
        r = u @ self.V.T - torch.nn.functional.one_hot(o, self.N)
        of_A, of_V = torch.autograd.grad(0.5 * (r * r).sum(), (self.A, self.V))
        with torch.no_grad():
            update(self.A, self.V, of_A / self.mu[:, None], of_V, self.mu, rate)


def update(A, V, of_A, of_V, mu, rate):
    """Project the gradients, and go along them."""
    of_A.sub_(of_A.mean(1, keepdim=True))
    of_V = of_V / mu - of_V.sum(1, keepdim=True)
    of_V.sub_(of_V.mean(0))
    A.sub_(of_A, alpha=rate)
    V.sub_(of_V, alpha=rate)


class AsWritten:
    """Word for word: attention over one-hot vectors, and autograd."""

    def __init__(self, mu, T, B, threads, dtype="float32"):
        torch.set_num_threads(threads)
        real, N = getattr(torch, dtype), len(mu)
        self.N, self.T, self.B = N, T, B
        self.weights = torch.tensor(mu)
        self.A = torch.nn.Parameter(torch.full((N, T), 1.0 / T, dtype=real))
        self.V = torch.nn.Parameter(torch.full((N, N), 1.0 / N, dtype=real))
        self.optimizer = torch.optim.SGD([self.A, self.V], lr=1e-6)

    def step(self):
        x = torch.multinomial(self.weights, self.B * self.T, replacement=True)
        k, o = torch.multinomial(self.weights, 2 * self.B, replacement=True).reshape(2, self.B)
        X = torch.nn.functional.one_hot(x.reshape(self.B, self.T), self.N).to(self.V.dtype)
        u = torch.einsum("btn,bt->bn", X, self.A[k])
        truth = torch.nn.functional.one_hot(o, self.N).to(self.V.dtype)
        loss = 0.5 * ((u @ self.V.T - truth) ** 2).sum(1).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
