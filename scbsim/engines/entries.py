"""The entries of an A that is stored as a few numbers, drawn when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.directions import DrawnDirections, by_column
from scbsim.kernels.gaussian.directions import make_buffers
from scbsim.kernels.gaussian.kept_entries import Lines, list_kept, sum_kept, write_entries
from scbsim.kernels.gaussian.normalize import NormalizedColumns
from scbsim.kernels.random.normal import BLOCK
from scbsim.util.memory import require

Array = NDArray[np.float64]

_MARGIN = 1e-9  # a block whose largest entry is this much below the cut is passed over


_LEAST = -1e300  # a cut that keeps every entry
PART = 2048 * BLOCK  # entries of a part of a column
_LISTED_BYTES = 64  # of an entry, in all lists of the sparse engine


class Listed(NamedTuple):
    """Entries off the support, by column and position."""

    first: NDArray[np.int64]  # (N + 1,): where each column begins
    position: NDArray[np.int64]
    s: Array


class Entries:
    """All entries of A after a draw: off the support they are ``base + scale r``.

    Parameters
    ----------
    directions : DrawnDirections
        Also an attribute, as ``support``, ``off_sums`` and ``intercept`` are.
    base, scale : (N,) float64
    support : (N, Q) float64
    off_sums : (N, 2) float64
        The sum of the entries off the support, and of their squares.
    tops : (N, blocks) float64
        The largest r of each block.
    """

    def __init__(
        self,
        directions: DrawnDirections,
        base: Array,
        scale: Array,
        support: Array,
        off_sums: Array,
        tops: Array,
    ) -> None:
        self.directions, self._T = directions, directions.kernel_form.T
        self.support, self.off_sums, self._r_tops = support, off_sums, tops
        self.intercept = (1.0 - support.sum(axis=1) - off_sums[:, 0]) / self._T
        self._base, self._scale = base, scale
        with np.errstate(invalid="ignore"):
            tops = np.where(tops > -np.inf, base[:, None] + scale[:, None] * tops, tops)
        self._tops = tops

    def totals(self) -> Array:
        """Return the sums of the columns of s, (N,)."""
        return np.asarray(self.support.sum(axis=1) + self.off_sums[:, 0])

    def shifted(self, by: Array) -> Entries:
        """Return the entries with a number added to every entry of each column of s, (N,)."""
        n, (total, squares) = self._T - self.support.shape[1], self.off_sums.T
        off_sums = np.stack([total + n * by, squares + by * (2.0 * total + n * by)], axis=1)
        base, support = self._base + by, self.support + by[:, None]
        return Entries(self.directions, base, self._scale, support, off_sums, self._r_tops)

    def normalized(self, threshold: float) -> tuple[NormalizedColumns, NDArray[np.bool_]]:
        """Return all columns normalised, and in which nothing stands out; nothing is changed."""
        cut, none = self._cuts(threshold)
        sums = by_column(self._sums_of_kept(cut), len(cut), slice(0, 3))
        c = self.intercept[:, None]
        kept = (self.support >= cut[:, None]) & ~none[:, None]
        a = np.where(kept, self.support + c, 0.0)
        masses = np.where(none, 1.0, a.sum(axis=1) + sums[:, 1])
        off_sums = np.stack([sums[:, 1] / masses, sums[:, 2] / masses**2], axis=1)
        support = np.where(none[:, None], self.support, a / masses[:, None])
        off_sums = np.where(none[:, None], self.off_sums, off_sums)
        return NormalizedColumns(support, off_sums, masses, np.ones(len(cut))), none

    def part(self, k: int, start: int, stop: int) -> Array:
        """Return entries of column k, 0 on the support; ``start`` is a multiple of BLOCK."""
        out = np.empty(stop - start)
        D, lines = self.directions.kernel_form, self.all_lines()
        first = k * self.directions.blocks()
        span = (first + start // BLOCK, first + -(-stop // BLOCK))
        write_entries(D, lines, span, out, make_buffers())
        return out

    def _cuts(self, threshold: float) -> tuple[Array, NDArray[np.bool_]]:
        """Return the cut of each column, for ``s``; infinity if nothing stands out."""
        c = self.intercept
        top = np.maximum(self._tops.max(axis=1), self.support.max(axis=1, initial=-np.inf))
        # The dense engine counts the intercept among the entries, which matters only if
        # nothing stands out anyway.
        cut = threshold * (np.maximum(top, 0.0) + c)
        none = c >= cut
        return np.where(none, np.inf, cut - c), none

    def all_lines(self) -> Lines:
        """Return how all entries follow from the directions."""
        return self._lines(np.full(len(self._base), _LEAST))

    def squares_of_a(self) -> Array:
        """Return the sums of the squares of ``a`` off the support, (N,)."""
        c, n = self.intercept, self._T - self.support.shape[1]
        total, squares = self.off_sums.T
        return np.asarray(np.maximum(squares + c * (2.0 * total + n * c), 0.0))

    def _lines(self, cut: Array) -> Lines:
        size = np.abs(self._base) + np.abs(self._scale)
        tops = self._tops + _MARGIN * size[:, None]
        return Lines(self._base, self._scale, self.intercept, cut, tops.ravel())

    def _sums_of_kept(self, cut: Array) -> Array:
        """Return of each block the number of entries kept, and the sums of a and of a^2."""
        lines = self._lines(cut)
        sums = np.empty((lines.tops.size, 3))
        D = self.directions.kernel_form
        self.directions.each_span(lambda span, own: sum_kept(D, lines, span, sums, own))
        return sums

    def listed(self, threshold: float) -> Listed:
        """Return the entries that a normalisation does not set to 0, as they are before it.

        Raises
        ------
        MemoryNeeded
            If they do not fit into memory.
        """
        cut, none = self._cuts(threshold)
        cut = np.where(none, _LEAST, cut)
        sums = self._sums_of_kept(cut)
        first = np.concatenate([[0], np.cumsum(sums[:, 0].astype(np.int64))])
        require_list(int(first[-1]), len(cut) * self._T)
        position, s = np.empty(first[-1], np.int64), np.empty(first[-1])
        lines, D = self._lines(cut), self.directions.kernel_form
        self.directions.each_span(
            lambda span, own: list_kept(D, lines, span, first, position, s, own)
        )
        return Listed(first[:: self.directions.blocks()], position, s)


def require_list(count: int, of: int) -> None:
    """Raise MemoryNeeded unless a list of ``count`` of all entries fits into memory."""
    require(
        _LISTED_BYTES * count,
        f"a list of {count} entries of A that are not at 0, of {of}, after SGD,",
        "raise the threshold of the l1 stage or its rate_A, normalise at the end of the SGD stage "
        "(normalize_level), take more samples a step, or a larger machine",
    )


class DrawnBulk:
    """All entries off the support, (N, T) float64 with 0 on it, in blocks that are drawn as read.

    Parameters
    ----------
    shape : (N, T)
    entries : Entries, optional
        None for an array whose shape and type alone are read.
    """

    def __init__(self, shape: tuple[int, int], entries: Entries | None = None) -> None:
        self.shape, self.dtype, self.itemsize = shape, np.dtype(np.float64), 8
        self.nbytes = 8 * shape[0] * shape[1]
        self._entries = entries

    def blocks(self) -> Iterator[tuple[tuple[slice, slice], Array]]:
        """Yield the array in parts of single columns."""
        assert self._entries is not None
        N, T = self.shape
        for k in range(N):
            for start in range(0, T, PART):
                stop = min(start + PART, T)
                there = (slice(k, k + 1), slice(start, stop))
                yield there, self._entries.part(k, start, stop)[None]
