"""Whether the entries of a start off the support are alike, as engines of two numbers take them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.warm_start import Columns, Entries
from scbsim.errors import RunWarning, warn_caller
from scbsim.kernels.gaussian.state import Attention
from scbsim.task import Task

Array = NDArray[np.float64]

FEWEST = 10
"""Entries off the support, in multiples of N, from which ``auto`` takes them as alike."""


def largest_shares(columns: Columns, others: Entries, task: Task) -> Array:
    """Return the largest share that one entry off the support has in ``|a_k|^2``, (N,)."""
    N, n = task.N, task.T - task.Q
    sums, squares = columns.off_sums.T
    c = (1.0 - columns.support.sum(axis=1) - sums) / task.T
    largest = np.zeros(N)
    np.maximum.at(largest, others.column, np.square(others.s + c[others.column]))
    unlisted = np.bincount(others.column, minlength=N) < n
    largest = np.where(unlisted, np.maximum(largest, c**2), largest)
    total = np.square(columns.support + c[:, None]).sum(axis=1)
    total += np.maximum(squares + c * (2.0 * sums + n * c), 0.0)
    return np.asarray(np.divide(largest, total, out=np.zeros(N), where=total > 0.0))


def largest_shares_of_matrix(A: Attention) -> Array:
    """Return :func:`largest_shares` of a matrix of which every entry is stored, (N,)."""
    N, Q = A.support.shape
    T = A.bulk.shape[1]
    found = np.zeros(N)
    for k in range(N):
        # The bulk is 0 on the support.
        row = A.bulk[k].astype(np.float64)
        c = (1.0 - A.support[k].sum() - row.sum()) / T
        squares = np.square(row + c)
        total = np.square(A.support[k] + c).sum() + squares.sum() - Q * c**2
        found[k] = squares.max() / total if total > 0.0 else 0.0
    return found


def what_stands_out(shares: Array, task: Task) -> str | None:
    """Return in words that an entry of a start has a large share of its column, or None."""
    most, k = most_of_share(task), int(np.argmax(shares))
    if not shares[k] > most:
        return None
    return (
        f"entries of the start stand out: one off the support has {shares[k]:.2g} of the "
        f"square of column {k}, and this engine takes the {max(1, task.T - task.Q)} there as "
        f"alike, which holds up to {most:.2g}"
    )


def warn_of_noise(why: str, engine: str) -> None:
    """Warn that such entries have the noise of others, and name the engine that has their own."""
    warn_caller(
        f"init: {why}. The noise of such entries is that of others here; "
        f'dynamics.engine = "{engine}" has their own',
        RunWarning,
    )


def most_of_share(task: Task) -> float:
    """Return the largest share up to which the entries of a column are taken as alike.

    The largest of m normal entries has about ``2 log(m)/m`` of their squares. It is twice that, for
    as many entries as there are, or as few as ``auto`` takes for enough.
    """
    m = max(2, min(task.T - task.Q, FEWEST * task.N))
    return float(min(1.0, 4.0 * np.log(m) / m))
