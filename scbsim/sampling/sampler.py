"""Samples of a task: contexts, queries, sources and outputs (docs/model.md, section 8)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import InputError
from scbsim.kernels.batch.sampler import draw
from scbsim.kernels.batch.tokens import AliasTables
from scbsim.kernels.batch.workspace import token_type
from scbsim.kernels.compile.threads import most_threads, sharing
from scbsim.kernels.random.normal import BLOCK
from scbsim.sampling.alias_tables import alias_tables_of
from scbsim.task import Task
from scbsim.util.memory import require
from scbsim.util.numbers import check_int
from scbsim.util.text import counted

_TOKENS_PER_THREAD = 2**15  # at least; with fewer, a thread is not worth its start
_SEEDS = 2**64


class Batch(NamedTuple):
    """Samples, in the smallest unsigned type that holds the tokens.

    Attributes
    ----------
    tokens : (B, T)
        The contexts.
    query : (B,)
        The query token, which selects the source positions.
    output : (B,)
        The next token.
    source : (B,) int64
        The source position: ``output[i]`` is drawn given the token ``tokens[i, source[i]]``.
    """

    tokens: NDArray[np.unsignedinteger]
    query: NDArray[np.unsignedinteger]
    output: NDArray[np.unsignedinteger]
    source: NDArray[np.int64]


class Sampler:
    """Draws the samples of a task and a seed, addressed by their numbers.

    Parameters
    ----------
    task : Task
        With its ``P``, and at most ``2^16`` tokens.
    seed : int
        0 to below ``2^64``.
    replica : int
        0 to below ``2^24``; each has a stream of samples of its own.
    threads : int, optional
        By default as many as the machine has. The samples do not depend on it.

    Raises
    ------
    InputError
        If the task cannot be sampled, or a number is out of range.
    """

    def __init__(
        self, task: Task, seed: int = 0, *, replica: int = 0, threads: int | None = None
    ) -> None:
        self.task = task
        self.alias: AliasTables = alias_tables_of(task)
        self.dtype = token_type(task.N)
        self.seed = check_int("seed", seed, 0, _SEEDS)
        self._seed = np.uint64(self.seed)
        self._replica = np.uint64(check_int("replica", replica, 0, 2**24))
        self._threads = most_threads(threads)

    def draw(self, first: int, size: int) -> Batch:
        """Return ``size`` samples from number ``first`` on.

        Raises
        ------
        InputError
            If a number is negative or beyond ``2^64``, or ``size`` is below 1.
        MemoryNeeded
            If the samples do not fit into memory.
        """
        T, first, size = self.task.T, check_int("first", first), check_int("size", size)
        if size < 1 or first < 0 or first + size > _SEEDS:
            raise InputError(
                f"samples {first} to {first + size - 1}; numbers are 0 to below 2**64, and at "
                "least one is drawn"
            )
        needed = size * (T * self.dtype.itemsize + 24)
        require(needed, f"{counted(size, 'sample')} of T = {T}", "draw fewer at a time")
        tokens, heads = np.empty(size * T, self.dtype), np.empty((3, size), np.int64)
        shares = max(1, min(self._threads, size, size * T // _TOKENS_PER_THREAD))
        with sharing(shares) as shares:
            scratch = np.empty((shares, BLOCK), np.uint32)
            draw(tokens, heads, np.uint64(first), self.alias, self._seed, self._replica, scratch)
        query, source, output = heads
        kind = self.dtype
        return Batch(tokens.reshape(size, T), query.astype(kind), output.astype(kind), source)


def sample_batch(
    task: Task, size: int, seed: int = 0, number: int = 0, *, threads: int | None = None
) -> Batch:
    """Draw a batch of samples; :class:`Batch` says what it holds.

    Parameters
    ----------
    task : Task
    size : int
        Samples, B.
    seed : int
        0 to below ``2^64``.
    number : int
        Number of the batch: it has the samples ``number size`` to ``(number + 1) size - 1``. A
        sample depends only on the seed and its number, not on the size of the batch.
    threads : int, optional
        By default as many as the machine has. The samples do not depend on it.

    Returns
    -------
    Batch
        ``tokens`` (B, T), ``query``, ``output`` and ``source`` (B,), all integers.

    Raises
    ------
    InputError
        If the task is known without its ``P``, or a number is out of range.
    MemoryNeeded
        If the batch does not fit into memory.

    Notes
    -----
    docs/model.md, section 8. All probabilities are exact within ``2^-32``.
    """
    size, number = check_int("size", size), check_int("number", number)
    return Sampler(task, seed, threads=threads).draw(number * size, size)


def sample_batches(
    task: Task, size: int, seed: int = 0, *, first: int = 0, threads: int | None = None
) -> Iterator[Batch]:
    """Yield batches, one after the other, without an end.

    Parameters
    ----------
    task : Task
    size : int
        Samples of a batch, B.
    seed : int
        0 to below ``2^64``.
    first : int
        Number of the first batch, from 0.
    threads : int, optional
        As in :func:`scbsim.sample_batch`, which draws the same batches by their numbers.

    Returns
    -------
    iterator of Batch

    Raises
    ------
    InputError
        If the task is known without its ``P``, or a number is out of range.
    MemoryNeeded
        If a batch does not fit into memory.

    Notes
    -----
    docs/model.md, section 8.
    """
    size, first = check_int("size", size), check_int("first", first)
    sampler = Sampler(task, seed, threads=threads)
    return (sampler.draw(number * size, size) for number in count(first))
