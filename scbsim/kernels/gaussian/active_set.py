"""One step of the entries of A that are not at zero, off the support: `docs/model.md`, section 6.

They are kept by columns, in order of position. Column by column the old ones are stepped, those
that return to zero are forgotten, and births are put in between, from one list into another.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scbsim.kernels.compile.jit import inlined, piece
from scbsim.kernels.gaussian.dense_attention import first_at_least
from scbsim.kernels.gaussian.rules import step_entry
from scbsim.kernels.matched.coefficients import entry_level
from scbsim.kernels.random.normal import BLOCK, fill_normals
from scbsim.kernels.random.philox import LIVE, counter_words, split_seed

_FEW = 16


class Live(NamedTuple):
    """Entries off the support that are not at zero, as two lists: this step's and the next's.

    Attributes
    ----------
    first : (2, N + 1) int64
        Where each column begins.
    position : (2, capacity) int64
        Ascending in each column.
    s : (2, capacity) float64
    z : (BLOCK,) float64
        Scratch: normals.
    words : (2 BLOCK,) uint32
        Scratch.
    """

    first: Any
    position: Any
    s: Any
    z: Any
    words: Any


def make_live(N: int, capacity: int) -> Live:
    """Allocate room for some entries."""
    return Live(
        first=np.zeros((2, N + 1), np.int64),
        position=np.empty((2, capacity), np.int64),
        s=np.empty((2, capacity)),
        z=np.empty(BLOCK),
        words=np.empty(2 * BLOCK, np.uint32),
    )


@inlined
def _holds(positions: Any, t: Any) -> Any:
    """Return whether a position is among some ascending ones."""
    if positions.size > _FEW:
        i = first_at_least(positions, t)
        return i < positions.size and positions[i] == t
    found = False
    for place in positions:
        found |= place == t
    return found


@inlined
def _take_in(position: Any, s: Any, begin: Any, old: Any, born: Any, new: Any) -> None:
    """Put ``born`` births among the entries from ``begin`` to ``old``, all in order of position."""
    i, j = old - 1, born - 1
    while j >= 0:
        to = i + j + 1
        if i >= begin and position[i] > new.fit_position[j]:
            position[to], s[to] = position[i], s[i]
            i -= 1
        else:
            position[to], s[to] = new.fit_position[j], new.fit_value[j]
            j -= 1


@piece
def step_live(A: Any, live: Any, now: Any, new: Any, move: Any, kappa: Any, at: Any) -> None:
    """Step all live entries, and take in the births.

    Parameters
    ----------
    A : Attention
        ``off_sums`` are renewed.
    live : Live
        List ``now`` is read, the other one is written; there must be room for all births in it.
    now : int
        0 or 1.
    new : Newborn
    move : Move
    kappa : float64
        ``||W||_F^2`` before the step.
    at : (step, seed, replica)
    """
    step, seed, replica = at
    counter, key = counter_words(0, step, LIVE, replica), split_seed(seed)
    first, to_first = live.first[now], live.first[1 - now]
    position, to_position = live.position[now], live.position[1 - now]
    s, to_s = live.s[now], live.s[1 - now]
    z, alive = live.z, first[first.size - 1]
    rule, rate = move.rule, move.rate_A
    n = 0
    for k in range(first.size - 1):
        begin, end = first[k], first[k + 1]
        of_zeros, level = move.sigma_A[k], move.level[k]
        total, squares, start = 0.0, 0.0, n
        for i in range(begin, end):
            place = i & (BLOCK - 1)
            if place == 0:
                fill_normals(z, live.words, min(alive - i, BLOCK), i // BLOCK, counter, key)
            sigma = entry_level(move.matched, of_zeros, k, s[i], 0.0)
            x = step_entry(rule, s[i], kappa * s[i] + sigma * z[place], rate, level)
            total += x
            squares += x * x
            if x != 0.0:
                to_position[n] = position[i]
                to_s[n] = x
                n += 1
        born = 0
        for j in range(new.first[k], new.first[k + 1]):
            t, x = new.position[new.order[j]], new.value[new.order[j]]
            # What was not at zero before the step is not born in it.
            if not (_holds(A.positions[k], t) or _holds(position[begin:end], t)):
                total += x
                squares += x * x
                new.fit_position[born] = t
                new.fit_value[born] = x
                born += 1
        _take_in(to_position, to_s, start, n, born, new)
        n += born
        to_first[k + 1] = n
        A.off_sums[k, 0] = total
        A.off_sums[k, 1] = squares
