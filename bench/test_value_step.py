"""What does the step of V cost, as a share of the whole?

The same engine with a context of two tokens has all of V and next to nothing of A.
"""

from time import perf_counter

import pytest
from sizes import size
from test_dense_step import engine

STEPS = 10
SIZES = size([(100, 100_000), (500, 100_000), (2000, 10_000)], [(5, 300)])


def best(dense, stage, rounds=5):
    dense.advance(stage, 1)
    seconds = []
    for _ in range(rounds):
        began = perf_counter()
        dense.advance(stage, STEPS)
        seconds.append((perf_counter() - began) / STEPS)
    return min(seconds)


@pytest.mark.parametrize(("N", "T"), SIZES)
def test_value_step(N, T, threads, benchmark, note):
    benchmark.group = "V's share"
    dense, stage = engine("prox", "float32", threads, N, T)
    benchmark.pedantic(dense.advance, (stage, STEPS), rounds=5, warmup_rounds=1)
    whole = benchmark.stats.stats.min / STEPS
    del dense
    value = best(*engine("prox", "float32", threads, N, 2))
    note(
        us_a_step=1e6 * value,
        ns_an_entry_of_V=1e9 * value / N**2,
        percent_of_the_step=100 * value / whole,
    )
