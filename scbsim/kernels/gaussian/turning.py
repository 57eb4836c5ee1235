"""How far the direction of a rest has turned since it was last known: `docs/exactness.md`.

A step adds to a rest of norm ``rho`` a change along it and one in a uniform direction at right
angles. So its direction walks on a sphere, and the cosine with where it began is a Markov chain.
"""

from __future__ import annotations

import numpy as np

from scbsim.kernels.compile.jit import inline_jit, internal_jit
from scbsim.kernels.random.philox import TURNS, counter_words, split_seed
from scbsim.kernels.random.variates import chi_square, lane_at, two_normals
from scbsim.kernels.types import F64, Address, Int


@inline_jit
def cosine_of(along: float, square: float) -> float:
    """Return the cosine of a step's turn.

    The new rest has the component ``along`` in the old direction, and the squared norm ``square``.
    """
    return min(max(along / np.sqrt(square), -1.0), 1.0) if square > 0.0 else 1.0


@internal_jit
def turn(cosine: F64, since: F64, free: F64, first: Int, at: Address) -> None:
    """Turn the directions of all rests by one step; do nothing if none of them is known.

    Parameters
    ----------
    cosine : (G,) float64
        Of the step's turn: see :func:`cosine_of`.
    since : (G,) or (0,) float64
        The cosine between a rest and its known direction; changed. Empty if none is known.
    free : (G,) float64
        Dimensions at right angles to a rest: of the space in which it moves, less one.
    first : int
        The column of the random stream of the first of them.
    """
    step, seed, replica = at
    for g in range(since.size):
        c, before = cosine[g], since[g]
        beside = 0.0
        if free[g] >= 1.0:
            # The first coordinate of a uniform point on the sphere of these dimensions.
            lane = lane_at(0, counter_words(first + g, step, TURNS, replica), split_seed(seed))
            x, _, lane = two_normals(lane)
            others, lane = chi_square(free[g] - 1.0, lane)
            beside = x / np.sqrt(x * x + others)
        sines = np.sqrt(max(1.0 - c * c, 0.0) * max(1.0 - before * before, 0.0))
        since[g] = min(max(c * before + sines * beside, -1.0), 1.0)
