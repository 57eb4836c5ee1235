"""The dense step and the step on real batches as others take them: peers, where installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from scbsim.benchmark.timing import ShareOut, best_of, clock_of

PEERS = {"numpy": "numpy", "torch": "torch", "mkl_random": "mkl_random"}
"""Peers that share out rows over threads: what each is called, and the package that it needs."""

_FOLDER = "scbsim.benchmark.peers"


def found(name: str, needs: str | None = None) -> Any:
    """Return a peer's module, or None where it or what it needs is not installed."""
    where = f"{_FOLDER}.in_{name}"
    if not find_spec(needs or name) or not find_spec(where):
        return None
    return import_module(where)


def dense_peers(
    rule: str, shape: tuple[int, int], dtype: str, threads: int, shared_out: ShareOut
) -> Iterator[tuple[str, Any, int]]:
    """Yield the name of each peer of the dense step, what takes its steps, and how many."""
    for name, needs in PEERS.items():
        if module := found(name, needs):
            yield name, module.Peer(rule, shape, dtype, threads, shared_out).step, 1
    # JAX has no say in threads: it takes all.
    if threads > 1 and (module := found("jax")):
        yield "jax", module.Peer(rule, shape, dtype, "threefry2x32", 2).advance, 2


def batch_peers(mu: Any, T: int, B: int, threads: int, dtype: str) -> Iterator[tuple[str, Any]]:
    """Yield the name of each peer of the step on real batches, and what takes a step."""
    by_numpy = import_module(f"{_FOLDER}.batch_in_numpy")
    yield "numpy", by_numpy.ByHand(mu, T, B, threads, dtype).step
    if find_spec("torch"):
        by_torch = import_module(f"{_FOLDER}.batch_in_torch")
        yield "torch", by_torch.ByHand(mu, T, B, threads, dtype).step


def seconds_of_dense_peers(
    rule: str, shape: tuple[int, int], dtype: str, threads: int, shared_out: ShareOut
) -> dict[str, float]:
    """Return the seconds of a step of each peer."""
    return {
        name: best_of(step, 2, clock_of(threads)) / steps
        for name, step, steps in dense_peers(rule, shape, dtype, threads, shared_out)
    }
