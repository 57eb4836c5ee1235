"""Alias tables of a task's distributions, from which kernels draw (docs/model.md, section 8)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import InputError
from scbsim.kernels.batch.tokens import AliasTables
from scbsim.kernels.random.alias import make_tables
from scbsim.kernels.random.normal import BLOCK
from scbsim.kernels.simd.intrinsics import LANES
from scbsim.task import Task
from scbsim.task.sparse_bigram import WITHOUT_P, WITHOUT_TRUTH

MOST_TOKENS = 2**16
"""A bucket and a threshold share 32 bits, which are too few for more tokens."""

_ALL = 2**32
_FEW = 4  # up to this many tokens are drawn by comparisons, without a table


def counts_of(p: NDArray[np.float64], least: int = 0) -> NDArray[np.int64]:
    """Return how many of ``2^32`` words each outcome gets; rows sum to ``2^32``.

    Each count is ``2^32 p`` rounded down or up, so every probability is exact within ``2^-32``. The
    words that rounding down leaves over go to the largest remainders.

    Parameters
    ----------
    p : (rows, n) float64
        Rows sum to 1 within rounding.
    least : int
        Fewest words of an outcome. With 1, even the rarest token is possible.
    """
    wanted = p / p.sum(axis=1, keepdims=True) * _ALL
    counts: NDArray[np.int64] = np.maximum(np.floor(wanted), least).astype(np.int64)
    order = np.argsort(counts - wanted, axis=1, kind="stable")
    left = _ALL - counts.sum(axis=1, keepdims=True)
    extra = np.arange(p.shape[1]) < np.maximum(left, 0)
    np.put_along_axis(counts, order, np.take_along_axis(counts, order, axis=1) + extra, axis=1)
    # If rare tokens were raised to `least`, the most frequent outcome gives words back.
    counts[np.arange(len(p)), counts.argmax(axis=1)] += np.minimum(left[:, 0], 0)
    return counts


def tables_of(p: NDArray[np.float64], least: int = 0) -> tuple[NDArray[np.uint32], np.uint32]:
    """Return the alias table of each row, (rows, 2^b), and b."""
    bits = max(1, int(p.shape[1] - 1).bit_length())
    counts = np.zeros((len(p), 1 << bits), np.int64)
    counts[:, : p.shape[1]] = counts_of(p, least)
    tables = np.empty(counts.shape, np.uint32)
    make_tables(counts, tables)
    return tables, np.uint32(bits)


def alias_tables_of(task: Task) -> AliasTables:
    """Return the tables of a task.

    Raises
    ------
    InputError
        If the task is known without its ``P``, or has more than ``2^16`` tokens.
    """
    if task.P is None:
        raise InputError(WITHOUT_P if task.truth_known else WITHOUT_TRUTH)
    if task.N > MOST_TOKENS:
        raise InputError(f"task.N: {task.N} tokens; real batches have up to {MOST_TOKENS}")
    mu = task.mu[None]
    cuts = np.full(3 if task.N <= _FEW else 0, _ALL - 1, np.uint32)
    if len(cuts):
        cuts[: task.N - 1] = np.cumsum(counts_of(mu, 1)[0])[:-1] - 1
    tokens, bits = tables_of(mu, 1)
    # Kernels read vectors of this length from it.
    tokens = np.pad(tokens, ((0, 0), (0, max(0, LANES - tokens.shape[1]))))
    sources, source_bits = tables_of(task.q_weights)
    outputs, _ = tables_of(np.ascontiguousarray(task.P.T))
    return AliasTables(
        cuts=cuts,
        tokens=tokens[0],
        sources=sources,
        outputs=outputs,
        positions=np.array(task.q_positions),
        bits=bits,
        source_bits=source_bits,
        T=np.uint64(task.T),
        together=np.uint64(max(1, BLOCK // task.T)),
    )
