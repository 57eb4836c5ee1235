"""Bundles of points that take about as long as one another, by estimate."""

from __future__ import annotations

import math
from collections.abc import Sequence

SHORTEST = 60.0
"""Seconds that a bundle takes at least, since its process takes some seconds to start."""


def bundled(seconds: Sequence[float], bundles: int, longest: float) -> list[int]:
    """Divide points into bundles, in their order; return the number of points of each.

    Parameters
    ----------
    seconds : sequence of float
        What each point takes on one thread.
    bundles : int
        About how many to make, if each takes at least :data:`SHORTEST` and at most ``longest``.
    longest : float
        Seconds, which single points may exceed.
    """
    total = sum(seconds)
    # Bundles are equal stretches of the time of all; a point is in that of its middle.
    stretch = total / math.ceil(total / min(max(total / bundles, SHORTEST), longest))
    sizes: list[int] = []
    spent, last = 0.0, -1
    for each in seconds:
        if (here := int((spent + each / 2) / stretch)) != last:
            sizes.append(0)
        sizes[-1] += 1
        spent, last = spent + each, here
    return sizes
