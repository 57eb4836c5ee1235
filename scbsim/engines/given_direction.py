"""The directions of the rests of a start, given by its entries: `docs/exactness.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.task import Task

if TYPE_CHECKING:
    from scbsim.engines.warm_start import Entries

Array = NDArray[np.float64]

MOST_KEPT = 2**22
"""Entries of a start that are kept, so that the entries of later steps can be drawn."""

_OTHERS = -1.0  # in place of a position


class GivenDirections(NamedTuple):
    """The directions before the first draw, in the form of `kernels.gaussian.directions`.

    Off the support an entry that is not listed is ``others``.
    """

    first: NDArray[np.int64]  # (N + 1,)
    at: NDArray[np.int64]  # (n,)
    listed: Array  # (n,)
    others: Array  # (N,)
    on: Array  # (N, Q)

    @property
    def there(self) -> bool:
        """Whether there are any."""
        return bool(self.listed.size or self.others.any() or self.on.any())


def nothing_given(task: Task) -> GivenDirections:
    """Return the directions of a start without a rest."""
    N, Q = task.N, task.Q
    none = np.zeros(N + 1, np.int64), np.empty(0, np.int64), np.empty(0)
    return GivenDirections(*none, np.zeros(N), np.zeros((N, Q)))


def given_by(others: Entries, base: Array, scale: Array, on: Array) -> GivenDirections:
    """Return the directions of entries that are ``base + scale r`` off the support.

    Parameters
    ----------
    others : Entries
        The entries off the support that are not at zero.
    base, scale : (N,) float64
        A column whose scale is 0 has no direction.
    on : (N, Q) float64
        What ``scale r`` is on the support.
    """
    N = len(base)
    factor = np.divide(1.0, scale, out=np.zeros(N), where=scale > 0.0)
    listed = (others.s - base[others.column]) * factor[others.column]
    first = np.searchsorted(others.column, np.arange(N + 1))
    return GivenDirections(first, others.position, listed, -base * factor, on * factor[:, None])


def as_list(given: GivenDirections, task: Task) -> Array:
    """Return all numbers as rows of a column, a position, and the entry there, (n, 3).

    A position of -1 stands for all entries that are not listed.
    """
    if not given.there:
        return np.empty((0, 3))
    N, Q = task.N, task.Q
    column = np.repeat(np.arange(N), np.diff(given.first))
    parts = (
        (np.arange(N), np.full(N, _OTHERS), given.others),
        (np.repeat(np.arange(N), Q), task.q_positions.ravel(), given.on.ravel()),
        (column, given.at, given.listed),
    )
    return np.concatenate([np.stack(part, axis=1) for part in parts]).astype(np.float64)


def from_list(rows: Array, task: Task) -> GivenDirections:
    """Return the directions of :func:`as_list`."""
    if not len(rows):
        return nothing_given(task)
    N, Q = task.N, task.Q
    listed = rows[N + N * Q :]
    first = np.searchsorted(listed[:, 0], np.arange(N + 1))
    return GivenDirections(
        first,
        listed[:, 1].astype(np.int64),
        listed[:, 2].copy(),
        rows[:N, 2].copy(),
        rows[N : N + N * Q, 2].reshape(N, Q).copy(),
    )
