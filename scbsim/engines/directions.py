"""The directions of the rests of A, drawn when they are asked for: `docs/exactness.md`.

A rest that has turned since its direction was last drawn is its cosine with that direction times
it, plus a uniform direction at right angles. A draw needs one pass over normals that are not
stored, for their norms; entries need another.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.constants import LONGEST
from scbsim.engines.given_direction import GivenDirections, as_list, from_list, nothing_given
from scbsim.errors import InputError
from scbsim.kernels.gaussian.directions import (
    Buffers,
    Directions,
    directions_at_support,
    draw_ones,
    make_buffers,
    sum_directions,
    sum_draw,
)
from scbsim.kernels.random.normal import BLOCK
from scbsim.state import State
from scbsim.task import Task
from scbsim.util.thread_pool import ThreadPool

Array = NDArray[np.float64]

Work = Callable[[tuple[int, int], Buffers], object]
"""Called with the first and the last of some blocks, and the buffers of its thread."""

_PIECES = 4  # pieces of work for each thread, which may be slowed by others
_SHARED_FROM = 256  # blocks of 2048 positions; below, threads take longer to start
_NOTHING = 1e-12  # of the squared normals: what is left in no dimension at all, by rounding


class Space(NamedTuple):
    """The space in which rests move.

    Attributes
    ----------
    group : (N,) int
        Of each column; the columns of a group have one rest together.
    whole : bool
        Whether the support belongs to it.
    weights : (N,) float64
        The target is ``weights_k (q_k - 1/T)`` in column k, and not part of the space.
    K : (groups,) float64
        Its squared norm; 0 if there is no target.
    free : (groups,) float64
        Dimensions at right angles to a rest.
    """

    group: NDArray[np.int64]
    whole: bool
    weights: Array
    K: Array
    free: Array


class Sums(NamedTuple):
    """Sums over the directions of all columns off their support."""

    total: Array  # (N,)
    square: Array  # (N,)
    tops: Array  # (N, blocks): the largest entry of each block


class DrawnDirections:
    """The draws of the directions of all rests, at addresses of the random stream.

    Parameters
    ----------
    task : Task
    space : Space
    """

    def __init__(self, task: Task, space: Space) -> None:
        self._task, self._space = task, space
        self.hands = 1
        self._tops: Array | None = None  # of the first draw, known from its sums
        self._support = np.array(task.q_positions), np.array(task.q_weights)
        self.given = nothing_given(task)
        self.drawn = np.empty((0, 3), np.uint64)
        self.turns = np.empty((0, task.N, 4))

    @property
    def kernel_form(self) -> Directions:
        """The draws, for kernels."""
        g = self.given
        positions, weights = self._support
        return Directions(
            drawn=self.drawn,
            turns=self.turns,
            positions=positions,
            weights=weights,
            T=self._task.T,
            first=g.first,
            at=g.at,
            listed=g.listed,
            others=g.others,
            on=g.on,
        )

    @property
    def known(self) -> bool:
        """Whether there is a direction: drawn, or of the start."""
        return bool(len(self.drawn)) or self.given.there

    def give(self, given: GivenDirections) -> None:
        """Begin with the directions of a start."""
        self.given, self._tops = given, None

    def blocks(self) -> int:
        """Return the number of blocks of a column."""
        return -(-self._task.T // BLOCK)

    def draw(self, address: tuple[int, int, int], since: Array) -> Array:
        """Draw the directions at an address, unless the last draw was there.

        Parameters
        ----------
        address : (step, seed, replica)
        since : (groups,) or (0,) float64
            The cosine of each rest and its direction at the last draw, or at the start; empty if
            there is none.

        Returns
        -------
        since : (groups,) float64
            Ones.

        Raises
        ------
        InputError
            If T is beyond the layout of the random stream.
        """
        task, space = self._task, self._space
        at = np.array([address], np.uint64)
        ones = np.ones(len(space.K))
        if len(self.drawn) and (self.drawn[-1] == at[0]).all():
            return ones
        if task.T > LONGEST["float64"]:
            raise InputError(
                f"task.T: {task.T} positions; entries can be drawn up to {LONGEST['float64']}"
            )
        cosine = since if self.known else np.zeros(len(space.K))
        known = np.full(len(cosine), True) if len(self.drawn) else self._are_given()
        # A rest that began at zero has no direction from then, so its first one is uniform.
        turns = self._turns(at, np.where(known, cosine, 0.0), known)
        self.drawn = np.concatenate([self.drawn, at])
        self.turns = np.concatenate([self.turns, turns[None]])
        return ones

    def _are_given(self) -> NDArray[np.bool_]:
        """Return of each group whether the start gives a direction."""
        given = self.given
        N = len(given.others)
        listed = np.bincount(np.repeat(np.arange(N), np.diff(given.first)), given.listed**2, N)
        there = listed + np.abs(given.others) + np.abs(given.on).sum(axis=1)
        return np.asarray(self._by_group(there) > 0.0)

    def _turns(self, at: NDArray[np.uint64], cosine: Array, known: NDArray[np.bool_]) -> Array:
        """Return the numbers of the new draw, (N, 4), given which groups have a direction."""
        task, space = self._task, self._space
        n = float(task.T if space.whole else task.T - task.Q)
        sums = np.empty((task.N * self.blocks(), 4))
        draw = (at[0, 0], at[0, 1], at[0, 2])
        before = self.kernel_form
        self.each_span(lambda span, own: sum_draw(before, draw, span, sums, own))
        total, square, dot = by_column(sums, task.N, slice(0, 3)).T
        of_target, square_of_target = np.zeros(task.N), np.zeros(len(space.K))
        if space.whole:
            z = np.empty((task.N, task.Q))
            alone = before._replace(drawn=at, turns=_SELF.repeat(task.N, axis=1))
            directions_at_support(alone, z, make_buffers())
            total, square = total + z.sum(axis=1), square + np.square(z).sum(axis=1)
            dot = dot + (z * self.at_support()).sum(axis=1)
        mean = total / max(n, 1.0)
        if space.whole:
            product = self._by_group(space.weights * ((z * task.q_weights).sum(axis=1) - mean))
            of_target = np.divide(product, space.K, out=np.zeros_like(product), where=space.K > 0)
            square_of_target = of_target**2 * space.K
            of_target = of_target[space.group] * space.weights
        along = self._by_group(dot)
        length = self._by_group(square - n * mean**2) - square_of_target - along**2
        there = length > _NOTHING * self._by_group(square)
        there &= (space.free >= 1.0) | ~known
        sine = np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
        b = np.divide(sine, np.sqrt(np.abs(length)), out=np.zeros_like(sine), where=there)
        a, b = (cosine - b * along)[space.group], b[space.group]
        c, e = -b * (mean - of_target / task.T), -b * of_target
        largest = sums[:, 3].reshape(task.N, -1)
        with np.errstate(invalid="ignore"):
            tops = np.where(largest > -np.inf, b[:, None] * largest + c[:, None], largest)
        self._tops = None if known.any() else tops
        return np.stack([a, b, c, e], axis=1)

    def _by_group(self, x: Array) -> Array:
        return np.bincount(self._space.group, x, len(self._space.K)).astype(np.float64)

    def tops(self) -> Array:
        """Return the largest entry of each block of a direction off the support, (N, blocks)."""
        if len(self.drawn) != 1 or self.given.there:
            return self.sums().tops
        if self._tops is None:
            self._tops = self.sums().tops
        return self._tops

    def sums(self) -> Sums:
        """Return sums over the present directions off the support, by a pass over all entries."""
        N = self._task.N
        sums = np.empty((N * self.blocks(), 3))
        present = self.kernel_form
        self.each_span(lambda span, own: sum_directions(present, span, sums, own))
        total, square = by_column(sums, N, slice(0, 2)).T
        return Sums(total, square, sums[:, 2].reshape(N, -1))

    def at_support(self) -> Array:
        """Return the present directions at the support, (N, Q)."""
        r = np.empty((self._task.N, self._task.Q))
        directions_at_support(self.kernel_form, r, make_buffers())
        return r

    def each_span(self, work: Work) -> None:
        """Call ``work`` for spans of the blocks of all columns, on all threads."""
        blocks = self._task.N * self.blocks()
        hands = self.hands if blocks >= _SHARED_FROM else 1
        pieces = hands * _PIECES if hands > 1 else 1
        edges = [blocks * i // pieces for i in range(pieces + 1)]
        if hands == 1:
            work((0, blocks), make_buffers())
            return
        with ThreadPool(hands) as pool:
            pool.each([partial(_with_buffers, work, span) for span in pairwise(edges)])

    def state(self, since: Array) -> State:
        """Return the arrays with which :meth:`restore` continues."""
        given = as_list(self.given, self._task)
        return {"drawn": self.drawn, "turns": self.turns, "since": since, "given": given}

    def restore(self, state: State) -> Array:
        """Take up the draws in a state; return its ``since``."""
        self.drawn, self.turns = state["drawn"].astype(np.uint64), state["turns"].copy()
        self.give(from_list(state.get("given", np.empty((0, 3))), self._task))
        return np.array(state["since"])


def standard_normals(N: int, address: tuple[int, int, int]) -> Array:
    """Return a standard normal for each column at an address, apart from those of directions."""
    zeta = np.empty(N)
    step, seed, replica = (np.uint64(word) for word in address)
    draw_ones((step, seed, replica), zeta)
    return zeta


_SELF = np.array([[[0.0, 1.0, 0.0, 0.0]]])  # a draw that is its normals


def _with_buffers(work: Work, span: tuple[int, int]) -> None:
    work(span, make_buffers())


def by_column(sums: Array, N: int, which: slice) -> Array:
    """Return the sums of the blocks of each column, added in order of position, (N, some)."""
    blocks = sums[:, which].reshape(N, -1, which.stop - which.start)
    return np.add.accumulate(blocks, axis=1)[:, -1]
