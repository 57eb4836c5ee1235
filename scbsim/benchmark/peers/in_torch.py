"""PyTorch: `normal_` and operations in place, some rows at a time so that they stay in the cache.

`normal_` does not use torch's own threads, so each share of the rows has a thread and a generator.
"""

import torch

from scbsim.benchmark.peers import AMPLITUDE, DECAY, LEVEL

ROWS = 2


class Peer:
    """`call(function, rows)` runs ``function(thread, first, last)`` on equal shares of the rows."""

    def __init__(self, rule, shape, dtype, threads, call):
        torch.set_num_threads(1)
        self.rule, self.call = rule, call
        self.s = torch.zeros(shape, dtype=getattr(torch, dtype))
        self.z = torch.zeros((threads, ROWS, shape[1]), dtype=self.s.dtype)
        self.sums = torch.zeros((shape[0], 2), dtype=self.s.dtype)
        self.random = [torch.Generator().manual_seed(i) for i in range(threads)]

    def step(self):
        self.call(self.rows, len(self.s))

    @torch.inference_mode()
    def rows(self, thread, first, last):
        for begin in range(first, last, ROWS):
            here = slice(begin, min(begin + ROWS, last))
            s = self.s[here]
            z = self.z[thread, : len(s)].normal_(0.0, AMPLITUDE, generator=self.random[thread])
            if self.rule == "denoise":
                z.add_(s, alpha=DECAY)
                torch.nn.functional.softshrink(z, LEVEL, out=z)
                s.sub_(z)
            else:
                s.mul_(1.0 - DECAY).add_(z)
                if self.rule == "prox":
                    torch.nn.functional.softshrink(s, LEVEL, out=s)
            torch.sum(s, 1, out=self.sums[here, 0])
            torch.linalg.vecdot(s, s, out=self.sums[here, 1])
