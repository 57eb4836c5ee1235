"""What does a token of a real batch cost, beside the best that others could write?

The whole sample is drawn by ours: tokens, query, source and output. Peers draw tokens alone, in the
smallest type that they have for it. PyTorch is timed where it is installed (the extra `peers`).
"""

from importlib.util import find_spec

import pytest
from sizes import size

from scbsim import Task
from scbsim.sampling.sampler import Sampler

TOKENS = size(10_000_000, 100_000)
SLOW_TOKENS = size(1_000_000, 10_000)
"""For peers that take a hundred times as long."""

PIECE = 2**15


def numpy_peers(mu, threads, shared_out):
    """Yield what draws tokens by NumPy, with how many those are."""
    from scbsim.benchmark.peers.tokens_in_numpy import Tokens

    own = [Tokens(mu, PIECE, seed) for seed in range(threads)]
    random = [tokens.random for tokens in own]

    def chosen(thread, first, last):
        random[thread].choice(len(mu), size=last - first, p=mu)

    yield "numpy_search", pieces(shared_out, [t.by_search for t in own]), TOKENS
    yield "numpy_alias", pieces(shared_out, [t.by_alias for t in own]), TOKENS
    yield "numpy_choice", lambda: shared_out(chosen, SLOW_TOKENS), SLOW_TOKENS


def torch_peers(mu, threads, shared_out):
    """Yield the same by PyTorch: in place, in pieces that stay in the cache."""
    import torch

    from scbsim.benchmark.peers.tokens_in_torch import Tokens

    torch.set_num_threads(1)
    random = [torch.Generator().manual_seed(i) for i in range(threads)]
    own = [Tokens(mu, PIECE, generator) for generator in random]
    weights = torch.tensor(mu)

    @torch.inference_mode()
    def multinomial(thread, first, last):
        torch.multinomial(weights, last - first, replacement=True, generator=random[thread])

    yield "torch_bucketize", pieces(shared_out, [t.by_search for t in own]), TOKENS
    yield "torch_alias", pieces(shared_out, [t.by_alias for t in own]), TOKENS
    yield "torch_multinomial", lambda: shared_out(multinomial, SLOW_TOKENS), SLOW_TOKENS


def pieces(shared_out, draws):
    """Return what draws all tokens, some in the cache at a time, a thread for each share."""

    def share(thread, first, last):
        for _ in range(first, last, PIECE):
            draws[thread]()

    return lambda: shared_out(share, TOKENS)


@pytest.mark.parametrize(("N", "T"), [(3, 5000), (4, 5000), (10, 50), (100, 2000), (250, 2000)])
def test_tokens(N, T, threads, shared_out, benchmark, best_of, note):
    benchmark.group = f"tokens, N={N} T={T}"
    task = Task.random(N, T, 2, mu="dirichlet", P_concentration=0.002, seed=1)
    sampler, samples = Sampler(task, threads=threads), TOKENS // T
    benchmark.pedantic(sampler.draw, (0, samples), rounds=9, warmup_rounds=1)
    ours = 1e9 * benchmark.stats.stats.min / (samples * T)
    found = list(numpy_peers(task.mu, threads, shared_out))
    if find_spec("torch"):
        found += torch_peers(task.mu, threads, shared_out)
    peers = {f"{name}_ns": 1e9 * best_of(call, rounds=3) / n for name, call, n in found}
    ratios = {name.replace("_ns", "_times"): ns / ours for name, ns in peers.items()}
    note(
        ns_a_token=ours,
        **peers,
        **ratios,
        times_faster_than_the_fastest=min(peers.values()) / ours,
    )
