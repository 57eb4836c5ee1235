"""Timing a function: the best of some rounds, as what else a machine does only adds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter, process_time
from typing import Any, TypeAlias

_ROUNDS = 5
_MOST_CALLS = 100_000

Clock: TypeAlias = Callable[[], float]

ShareOut: TypeAlias = Callable[[Callable[[int, int, int], Any], int], None]
"""Calls ``function(thread, first, last)`` on equal parts of so many rows, a thread for each."""


def clock_of(threads: int) -> Clock:
    """Return the clock for work on so many threads.

    On one thread it is processor time: what other programs take does not count. Of several threads
    that would be the sum.
    """
    return process_time if threads == 1 else perf_counter


def best_of(
    function: Callable[[], Any], rounds: int = _ROUNDS, clock: Clock = perf_counter
) -> float:
    """Return the seconds of a call: the best of some rounds after one to warm up."""
    function()
    seconds = []
    for _ in range(rounds):
        began = clock()
        function()
        seconds.append(clock() - began)
    return min(seconds)


def best_in(
    take: Callable[[int], Any],
    seconds: float,
    clock: Clock = perf_counter,
    rounds: int = _ROUNDS,
) -> float:
    """Return the seconds of one of ``n`` steps that ``take(n)`` takes, in about so much time.

    The rounds have as many steps as fit, at least one.
    """

    def timed(count: int) -> float:
        began = clock()
        take(count)
        return clock() - began

    take(1)
    count, spent = 1, timed(1)
    while spent < seconds / (4 * rounds) and count < _MOST_CALLS:
        count *= 4
        spent = timed(count)
    each = max(spent / count, 1e-9)
    count = max(1, min(_MOST_CALLS, int(seconds / rounds / each)))
    rounds = max(2, min(rounds, int(seconds / (each * count))))
    return min(timed(count) / count for _ in range(rounds))


@contextmanager
def sharing_out(threads: int) -> Iterator[ShareOut]:
    """Yield what calls a function on equal parts of some rows at once, a thread for each part."""
    with ThreadPoolExecutor(threads) as pool:

        def call(function: Callable[[int, int, int], Any], rows: int) -> None:
            cuts = [rows * i // threads for i in range(threads + 1)]
            list(pool.map(function, range(threads), cuts[:-1], cuts[1:]))

        yield call
