"""Words, normals, tokens and memory: what steps are made of, timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

import numba
import numpy as np

from scbsim.benchmark.rows import Row
from scbsim.benchmark.timing import best_in, best_of, clock_of, sharing_out
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.xoshiro import WORDS, fill_words
from scbsim.sampling.sampler import Sampler
from scbsim.task import Task

LANES = BLOCK // WORDS


@numba.njit
def normals(z: Any, words: Any, blocks: int) -> None:
    """Draw a block of normals, that many times."""
    counter = (np.uint64(1), np.uint64(2), np.uint64(3))
    for block in range(blocks):
        fill_normals(z, words, BLOCK, block, counter, (np.uint64(4), np.uint64(5)))


@numba.njit
def random_words(words: Any, blocks: int) -> None:
    """Draw a block of 32-bit words, that many times."""
    one = np.uint64(1)
    for block in range(blocks):
        first = np.uint64(block * LANES)
        fill_words(words, LANES, 4 * LANES, first, (one, one, one), (one, one))


def bandwidth(threads: int, *, small: bool) -> float:
    """Return the bytes a second of reading and writing an array, on some threads."""
    array = np.zeros((16 * threads, 10_000 if small else 1_000_000), np.float32)

    def touch(_thread: int, first: int, last: int) -> None:
        array[first:last] *= np.float32(1.0)

    with sharing_out(threads) as call:
        seconds = best_of(lambda: call(touch, len(array)), rounds=3)
    return 2 * array.nbytes / seconds


def numpy_normals(dtype: str) -> Callable[[int], None]:
    """Return what fills a block by NumPy's fastest generator, that many times."""
    random, z = np.random.Generator(np.random.SFC64(1)), np.zeros(BLOCK, dtype)

    def fill(count: int) -> None:
        for _ in range(count):
            random.standard_normal(out=z, dtype=dtype)  # type: ignore[call-overload]

    return fill


def numpy_words(count: int) -> None:
    """Draw a block of words by NumPy's fastest generator, that many times."""
    random = np.random.SFC64(1)
    for _ in range(count):
        random.random_raw(BLOCK // 2)


def kernel_rows(seconds: float) -> Iterator[Row]:
    """Yield what a random word and a normal take on one thread, beside NumPy."""
    words, alone = np.zeros(2 * BLOCK, np.uint32), clock_of(1)
    ours = best_in(partial(random_words, words), seconds, alone)
    theirs = best_in(numpy_words, seconds, alone)
    each = 1e9 / BLOCK
    yield Row("words, 32 bits", "", 1, each * ours, "ns a word", peers={"numpy": each * theirs})
    for dtype in ("float32", "float64"):
        z = np.zeros(BLOCK, dtype)
        ours = best_in(partial(normals, z, words), seconds, alone)
        theirs = best_in(numpy_normals(dtype), seconds, alone)
        name = f"normals, {dtype}"
        yield Row(name, "", 1, each * ours, "ns a normal", peers={"numpy": each * theirs})


def token_rows(threads: list[int], seconds: float, *, small: bool) -> Iterator[Row]:
    """Yield what a token of a real batch takes, beside NumPy by search or by an alias table."""
    tokens: Any = import_module("scbsim.benchmark.peers.tokens_in_numpy")

    N, T = (4, 50) if small else (100, 2_000)
    task = Task.random(N, T, 2, mu="dirichlet", P_concentration=0.05, seed=1)
    samples = 10 if small else 500
    peer = tokens.Tokens(task.mu, 2**10 if small else 2**15)
    theirs = 1e9 * best_in(partial(_draw_by, peer), seconds, clock_of(1)) / len(peer.x)
    for count in threads:
        sampler = Sampler(task, threads=count)
        ours = (
            1e9
            * best_in(partial(_draw, sampler, samples), seconds, clock_of(count))
            / (samples * T)
        )
        peers = {"numpy": theirs} if count == 1 else {}
        yield Row("tokens", f"N={N} T={T}", count, ours, "ns a token", peers=peers)


def _draw(sampler: Sampler, samples: int, count: int) -> None:
    for _ in range(count):
        sampler.draw(0, samples)


def _draw_by(peer: Any, count: int) -> None:
    for _ in range(count):
        peer.draw()
