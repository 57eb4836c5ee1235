"""Tokens of any distribution in PyTorch: by search, and by an alias table; the faster is taken."""

from time import perf_counter

import torch


def alias_table(mu):
    """Walker's table: chances of a bucket's own token, (N,), and the other tokens, (N,)."""
    own, other = [1.0] * len(mu), list(range(len(mu)))
    left = [float(p) * len(mu) for p in mu]
    few = [i for i, p in enumerate(left) if p < 1]
    many = [i for i, p in enumerate(left) if p >= 1]
    while few and many:
        i, j = few.pop(), many[-1]
        own[i], other[i] = left[i], j
        left[j] -= 1.0 - left[i]
        if left[j] < 1:
            few.append(many.pop())
    return torch.tensor(own, dtype=torch.float32), torch.tensor(other)


class Tokens:
    """Draws into ``x``, int64 as `gather` asks for, with buffers of its own."""

    def __init__(self, mu, size, generator=None):
        self.N, self.generator = len(mu), generator
        self.cuts = torch.tensor(mu, dtype=torch.float64).cumsum(0)[:-1].float()
        self.own, self.other = alias_table(mu)
        self.x, self.bucket = (torch.empty(size, dtype=torch.int64) for _ in range(2))
        self.u, self.chance = torch.empty(size), torch.empty(size)
        self.draw = min((self.by_search, self.by_alias), key=_seconds)

    @torch.inference_mode()
    def by_search(self):
        self.u.uniform_(generator=self.generator)
        return torch.bucketize(self.u, self.cuts, out=self.x)

    @torch.inference_mode()
    def by_alias(self):
        # The whole part of a uniform times N picks the bucket, and what is left of it the token.
        self.u.uniform_(generator=self.generator).mul_(self.N)
        self.bucket.copy_(self.u)
        self.u.frac_()
        torch.index_select(self.own, 0, self.bucket.view(-1), out=self.chance.view(-1))
        torch.index_select(self.other, 0, self.bucket.view(-1), out=self.x.view(-1))
        return torch.where(self.u < self.chance, self.bucket, self.x, out=self.x)


def _seconds(draw):
    draw()
    best = float("inf")
    for _ in range(3):
        began = perf_counter()
        draw()
        best = min(best, perf_counter() - began)
    return best
