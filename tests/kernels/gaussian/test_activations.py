"""Activations: who leaves zero, where to, and how often, far out in the tail too, against SciPy."""

import numba
import numpy as np
import pytest
from scipy import stats

from scbsim.engines.activation_groups import activation_probability, activation_rates
from scbsim.kernels.gaussian.activations import draw_activations, make_newly_active

P_FLOOR = 1e-8
ERRORS = 6.0


@numba.njit
def _draw(rates, T, new, at):
    return draw_activations(rates, T, (0.0, 1.0), new, at)


@numba.njit
def _draw_larger(rates, T, larger, factor, new, at):
    return draw_activations(rates, T, (larger, factor), new, at)


def rates_at(cuts, T):
    """Activations under thresholds of so many sigmas; an activation's value is its excess."""
    cuts = np.asarray(cuts, float)
    return activation_rates("prox", cuts, np.ones(len(cuts)), 1.0, T)


def draw(rates, T, steps, capacity=20_000, seed=1, first=0, replica=0):
    """Return step, column, position and value of each activation, in the kernel's own order."""
    new = make_newly_active(rates.above.size, capacity)
    seen = []
    for step in range(first, first + steps):
        at = (np.uint64(step), np.uint64(seed), np.uint64(replica))
        count = _draw(rates, np.int64(T), new, at)
        assert count >= 0
        order = new.order[:count].copy()
        assert new.first[0] == 0
        assert new.first[-1] == count
        columns = np.repeat(np.arange(rates.above.size), np.diff(new.first))
        assert (new.column[order] == columns).all()
        seen.append((np.full(count, step), columns, new.position[order], new.value[order]))
    return [np.concatenate(each) for each in zip(*seen, strict=True)]


def randomised(counts, law, rng):
    """Uniforms, if the counts are of that law."""
    return law.cdf(counts - 1) + rng.random(len(counts)) * law.pmf(counts)


FAR = [(0.0, 4), (0.5, 20), (3.0, 3000), (5.0, 10**7), (8.0, 10**15)]


@pytest.mark.parametrize(("cut", "T"), FAR)
def test_counts_are_binomial(cut, T):
    """At 8 sigma one entry in 10^15 is activated, and there are 4 10^15 of them."""
    steps, columns = 2000, 4
    step, column, *_ = draw(rates_at([cut] * columns, T), T, steps)
    p = 2 * stats.norm.sf(cut)
    counts = np.zeros((steps, columns))
    np.add.at(counts, (step, column), 1)
    law = stats.binom(T, p) if T < 10**9 else stats.poisson(T * p)
    if cut > 0:
        uniforms = randomised(counts.ravel(), law, np.random.default_rng(3))
        assert stats.kstest(uniforms, "uniform").pvalue > P_FLOOR
    off = counts.sum() - T * p * steps * columns
    assert abs(off) <= ERRORS * np.sqrt(T * p * (1 - p) * steps * columns)
    # Columns know nothing of one another.
    if cut > 0:
        related = np.corrcoef(counts.T)[np.triu_indices(columns, 1)]
        assert np.abs(related).max() < ERRORS / np.sqrt(steps)


def test_at_12_sigma_nothing_is_born():
    """Among the most entries that have numbers, 10^-14 a step are expected."""
    T = 2**60
    assert draw(rates_at([12.0] * 4, T), T, 1000)[0].size == 0


@pytest.mark.parametrize("cut", [0.0, 0.5, 3.0, 5.0, 8.0, 12.0])
def test_values_are_those_of_a_normal_beyond_the_threshold(cut):
    """More are let leave than do, so that there are many at 12 sigma."""
    rates = rates_at([cut], 10**6)._replace(rate=np.array([0.01]))
    *_, value = draw(rates, 10**6, 20)
    assert value.size > 150_000
    excess = np.abs(value)
    uniforms = np.exp(stats.norm.logsf(cut + excess) - stats.norm.logsf(cut))
    assert stats.kstest(uniforms, "uniform").pvalue > P_FLOOR
    # And in its own tail, a thousandth of it.
    far = uniforms[uniforms < 1e-3] * 1e3
    assert abs(far.size - 1e-3 * value.size) < ERRORS * np.sqrt(1e-3 * value.size)
    assert stats.kstest(far, "uniform").pvalue > P_FLOOR
    assert abs(np.sign(value).sum()) < ERRORS * np.sqrt(value.size)
    signs = np.corrcoef(np.sign(value), uniforms)[0, 1]
    assert abs(signs) < ERRORS / np.sqrt(value.size)


def test_another_tail_would_be_noticed():
    rates = rates_at([5.0], 10**6)._replace(rate=np.array([0.01]))
    *_, value = draw(rates, 10**6, 20)
    wrong = np.exp(stats.norm.logsf(5.2 + np.abs(value)) - stats.norm.logsf(5.2))
    assert stats.kstest(wrong, "uniform").pvalue < P_FLOOR


@pytest.mark.parametrize(("cut", "T"), FAR[1:])
def test_positions_are_distinct_ordered_and_uniform(cut, T):
    step, column, position, _ = draw(rates_at([cut] * 3, T), T, 1500)
    assert (position >= 0).all()
    assert (position < T).all()
    same = (np.diff(step) == 0) & (np.diff(column) == 0)
    assert (np.diff(position)[same] > 0).all()
    spread = (position + np.random.default_rng(4).random(position.size)) / T
    assert stats.kstest(spread, "uniform").pvalue > P_FLOOR


def test_each_entry_leaves_on_its_own():
    """Of forty entries: each as often as the others, and whatever its neighbours do."""
    T, steps, cut = 40, 20_000, 0.7
    step, _, position, _ = draw(rates_at([cut], T), T, steps)
    left = np.zeros((steps, T))
    left[step, position] = 1
    p = 2 * stats.norm.sf(cut)
    error = np.sqrt(p * (1 - p) / steps)
    assert np.abs(left.mean(axis=0) - p).max() < ERRORS * error
    related = np.corrcoef(left.T)[np.triu_indices(T, 1)]
    assert np.abs(related).max() < ERRORS / np.sqrt(steps)


@pytest.mark.parametrize("cut", [0.0, 1e-300])
def test_without_a_threshold_all_leave(cut):
    _, column, position, value = draw(rates_at([cut] * 3, 7), 7, 5)
    np.testing.assert_array_equal(column, np.tile(np.repeat(np.arange(3), 7), 5))
    np.testing.assert_array_equal(position, np.tile(np.arange(7), 15))
    assert (value != 0).all()


@pytest.mark.parametrize(
    ("cuts", "T"),
    [
        ([2.0, 2.1, 2.3, 2.6, 3.0], 2000),
        ([3.0, 1.0, 2.0, 1.1, 40.0, 2.1], 300),
        ([5.0, 4.9, 5.3, 6.5], 10**6),
    ],
)
def test_each_column_has_its_own_probability(cuts, T):
    rates = rates_at(cuts, T)
    assert (rates.spare > 0).any(), "nothing is thinned out here"
    steps = 3000
    step, column, position, value = draw(rates, T, steps)
    p = activation_probability(np.array(cuts), np.ones(len(cuts)))
    counts = np.zeros((steps, len(cuts)))
    np.add.at(counts, (step, column), 1)
    error = np.sqrt(T * p * (1 - p) * steps)
    assert (np.abs(counts.sum(axis=0) - T * p * steps) <= ERRORS * error + 1e-9).all()
    rng = np.random.default_rng(5)
    for k in np.flatnonzero(p > 0):
        uniforms = randomised(counts[:, k], stats.binom(T, p[k]), rng)
        assert stats.kstest(uniforms, "uniform").pvalue > P_FLOOR
        here = column == k
        if here.any():
            beyond = stats.norm.sf(cuts[k] + np.abs(value[here])) / stats.norm.sf(cuts[k])
            assert stats.kstest(beyond, "uniform").pvalue > P_FLOOR
    same = (np.diff(step) == 0) & (np.diff(column) == 0)
    assert (np.diff(position)[same] > 0).all()


@pytest.mark.parametrize("larger", [0.011, 0.1])
def test_a_step_with_larger_thresholds_thins_what_is_drawn(larger):
    """By the normal behind each: what is left exceeds its own threshold, by what it exceeds it."""
    cuts, T, factor, steps = np.array([2.0, 2.0, 1.5]), 2000, 0.5, 60
    rates, new = rates_at(cuts, T), make_newly_active(3, 20_000)
    column, value = [], []
    for step in range(steps):
        at = (np.uint64(step), np.uint64(3), np.uint64(0))
        count = _draw_larger(rates, np.int64(T), larger, factor, new, at)
        column.append(new.column[:count].copy())
        value.append(new.value[:count].copy())
    column, value = np.concatenate(column), np.concatenate(value)
    for k, cut in enumerate(cuts * (1.0 + larger)):
        here = np.abs(value[column == k]) / factor
        p = 2.0 * stats.norm.sf(cut)
        assert stats.binomtest(len(here), steps * T, p).pvalue > P_FLOOR
        beyond = stats.norm.sf(cut + here) / stats.norm.sf(cut)
        assert stats.kstest(beyond, "uniform").pvalue > P_FLOOR
    assert _draw_larger(rates, np.int64(T), larger, 0.0, new, at) == 0


def test_a_scale_for_each_column():
    rates = activation_rates("prox", np.array([1.0, 3.0]), np.array([1.0, 3.0]), 0.5, 1000)
    np.testing.assert_array_equal(rates.scale, [0.5, 1.5])
    _, column, _, value = draw(rates, 1000, 50)
    mean = [np.abs(value[column == k]).mean() for k in range(2)]
    assert mean[1] / mean[0] == pytest.approx(3.0, rel=0.05)


def test_without_room_it_says_so_and_with_room_it_is_the_same():
    rates = rates_at([1.0, 1.2], 300)
    at = (np.uint64(4), np.uint64(2), np.uint64(0))
    tiny, wide = make_newly_active(2, 100), make_newly_active(2, 1000)
    assert _draw(rates, 300, tiny, at) == -1
    count = _draw(rates, 300, wide, at)
    exact = make_newly_active(2, count)
    assert _draw(rates, 300, exact, at) == count > 100
    np.testing.assert_array_equal(exact.value, wide.value[:count])
    assert _draw(rates, 300, make_newly_active(2, count - 1), at) == -1
    # What it had drawn before it ran out of room is the same as well.
    np.testing.assert_array_equal(tiny.value[:100], wide.value[:100])


def test_step_seed_and_replica_are_the_address():
    rates = rates_at([1.0], 500)
    one = draw(rates, 500, 1, seed=3, first=7)[3]
    np.testing.assert_array_equal(draw(rates, 500, 1, seed=3, first=7)[3], one)
    others = [
        draw(rates, 500, 1, **{"seed": 3, "first": 7, **other})[3]
        for other in ({"seed": 4}, {"seed": 3 + 2**32}, {"first": 8}, {"replica": 1})
    ]
    for other in others:
        assert not np.isin(other, one).any()
