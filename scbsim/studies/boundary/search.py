"""The search for a boundary along a list of values, which runs only the points that it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

FIRST_STRIDE = 4
"""Places from the first point of a search to the second one; each later stride is twice as long."""

LONGEST_STRIDE = 16


class Bracket(NamedTuple):
    """Two neighbouring places, of which the lower fails and the upper succeeds.

    ``low`` is -1 if all places succeed, and ``high`` is the number of places if all fail.
    """

    low: int
    high: int


def bracket(succeeds: Callable[[int], bool], size: int, start: int) -> Bracket:
    """Find where ``succeeds`` changes from False to True along the places 0 to ``size`` - 1.

    From ``start`` it goes up or down by growing strides until the answer changes, then halves the
    distance. If the answer changes more than once, it finds one of the changes from False to True.

    Parameters
    ----------
    succeeds : callable
        It may cost much, and is called once for each place that is needed.
    size : int
        1 or more.
    start : int
        Where to begin; a good guess saves calls. It is moved into the range.
    """
    place = min(max(start, 0), size - 1)
    stride = FIRST_STRIDE
    if succeeds(place):
        low, high = -1, place
        while high > 0:
            place = max(high - stride, 0)
            if not succeeds(place):
                low = place
                break
            high, stride = place, min(2 * stride, LONGEST_STRIDE)
    else:
        low, high = place, size
        while low < size - 1:
            place = min(low + stride, size - 1)
            if succeeds(place):
                high = place
                break
            low, stride = place, min(2 * stride, LONGEST_STRIDE)
    while high - low > 1 and low >= 0 and high < size:
        middle = (low + high) // 2
        low, high = (low, middle) if succeeds(middle) else (middle, high)
    return Bracket(low, high)


def guess(places: list[int | None], x: list[float]) -> int:
    """Return a place to start the search at ``x[n]`` from the n places found before; 0 without any.

    It continues the line through the last two of them.
    """
    found = [(x[i], place) for i, place in enumerate(places) if place is not None]
    if not found:
        return 0
    if len(found) == 1:
        return found[0][1]
    (x0, first), (x1, last) = found[-2:]
    return round(last + (last - first) * (x[len(places)] - x1) / (x1 - x0))
