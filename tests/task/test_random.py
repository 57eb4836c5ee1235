import itertools
import tracemalloc

import numpy as np
import pytest
from scipy import stats

from scbsim import Task
from scbsim.errors import TaskError
from scbsim.task.random import dirichlet, draw_positions, log_gamma

SMALLEST_P = 1e-6
ARRAYS = ("mu", "P", "q_positions", "q_weights")

quiet = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")


@quiet
@pytest.mark.parametrize("N", [2, 10, 100, 500])
@pytest.mark.parametrize("shape", [1.0, 0.02, 0.005])
@pytest.mark.parametrize("mu", ["uniform", "dirichlet"])
def test_mu_is_stationary_to_rounding(N, shape, mu):
    for seed in range(3):
        task = Task.random(
            N, 1000, 2, mu=mu, mu_concentration=0.5, P_concentration=shape, seed=seed
        )
        assert task.P.min() >= 0.0
        assert task.mu.min() > 0.0
        assert task.mu.sum() == pytest.approx(1.0, rel=0, abs=1e-15)
        assert np.abs(task.P @ task.mu - task.mu).max() <= 1e-15
        assert np.abs(task.P.sum(axis=0) - 1.0).max() <= 16 * np.finfo(float).eps
        assert np.abs(task.q_weights.sum(axis=1) - 1.0).max() <= 4 * np.finfo(float).eps


def test_small_gamma_shapes_give_sharp_transitions():
    # Balancing must not wash out what was drawn: at shape 0.005 the largest entries are near 1.
    task = Task.random(100, 1000, 2, P_concentration=0.005)
    assert np.median(task.P.max(axis=0)) > 0.5
    assert task.K_P > Task.random(100, 1000, 2, P_concentration=0.02).K_P


@quiet
def test_uneven_mu_follows_its_concentration():
    even, uneven = (
        Task.random(200, 10, 2, mu="dirichlet", mu_concentration=c).mu for c in (100.0, 0.5)
    )
    assert np.std(even) < 0.2 * np.mean(even) < np.std(uneven)


@quiet
@pytest.mark.parametrize("concentration", [0.05, 1.0, 5.0])
def test_weights_have_the_moments_of_the_dirichlet_law(concentration):
    Q, n = 4, 20_000
    weights = dirichlet(np.random.default_rng(5), concentration, (n, Q))
    squares = (weights**2).sum(axis=1)
    expected = (concentration + 1) / (Q * concentration + 1)
    assert abs(squares.mean() - expected) < 5 * squares.std() / np.sqrt(n)


@pytest.mark.parametrize("shape", [0.3, 2.0])
def test_log_gamma_is_the_log_of_a_gamma_variate(shape):
    draws = log_gamma(np.random.default_rng(6), shape, (20_000,))
    assert stats.kstest(draws, stats.loggamma(shape).cdf).pvalue > SMALLEST_P


def test_log_gamma_does_not_underflow():
    assert np.isfinite(log_gamma(np.random.default_rng(0), 1e-300, (1000,))).all()


@quiet
def test_infinite_concentration_gives_even_weights():
    task = Task.random(5, 100, 4, q_concentration=np.inf)
    assert (task.q_weights == 0.25).all()


@quiet
@pytest.mark.parametrize(("N", "T", "Q"), [(2, 2, 1), (2, 2, 2), (7, 30, 30), (3, 20_000, 20_000)])
def test_edges_of_the_sizes(N, T, Q):
    task = Task.random(N, T, Q)
    assert (task.N, task.T, task.Q) == (N, T, Q)
    assert (np.diff(task.q_positions, axis=1) > 0).all()
    assert task.q_positions.min() >= 0
    assert task.q_positions.max() < T


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_set_of_positions_is_as_likely(seed):
    T, Q, n = 6, 2, 6000
    positions = draw_positions(np.random.default_rng(seed), n, T, Q)
    sets = list(itertools.combinations(range(T), Q))
    counts = [int((positions == s).all(axis=1).sum()) for s in sets]
    assert sum(counts) == n
    assert stats.chisquare(counts).pvalue > SMALLEST_P


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_positions_are_uniform_over_a_long_context(seed):
    T = 10**12
    positions = draw_positions(np.random.default_rng(seed), 3000, T, 3)
    assert (np.diff(positions, axis=1) > 0).all()
    counts = np.histogram(positions, bins=30, range=(0, T))[0]
    assert stats.chisquare(counts).pvalue > SMALLEST_P


def test_a_long_context_costs_nothing():
    Task.random(20, 1000, 3, P_concentration=0.01)
    tracemalloc.start()
    task = Task.random(20, 10**12, 3, P_concentration=0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
    assert task.q_positions.max() > 10**9


def test_the_same_seed_gives_the_same_task():
    first, again = (Task.random(30, 1000, 3, mu="dirichlet", seed=7) for _ in range(2))
    for name in ARRAYS:
        assert np.array_equal(getattr(first, name), getattr(again, name))
    other = Task.random(30, 1000, 3, mu="dirichlet", seed=8)
    for name in ARRAYS:
        assert not np.array_equal(getattr(first, name), getattr(other, name))


@quiet
def test_each_part_has_a_stream_of_its_own():
    base = {"N": 30, "T": 1000, "Q": 3, "mu": "dirichlet", "seed": 7}
    task = Task.random(**base)
    for changes, kept in (
        ({"T": 5000}, ("mu", "P", "q_weights")),
        ({"Q": 4}, ("mu", "P")),
        ({"q_concentration": 0.5}, ("mu", "P", "q_positions")),
        ({"P_concentration": 0.5}, ("mu", "q_positions", "q_weights")),
    ):
        changed = Task.random(**(base | changes))
        same = {
            name for name in ARRAYS if np.array_equal(getattr(task, name), getattr(changed, name))
        }
        assert same == set(kept)


def test_every_argument_out_of_range_is_named():
    with pytest.raises(TaskError) as caught:
        Task.random(
            1, 10, 11, mu="even", mu_concentration=0.0, P_concentration=-1.0,
            q_concentration=np.nan, seed=-1,
        )  # fmt: skip
    keys = [fault.key for fault in caught.value.faults]
    assert keys == [
        "N", "Q", "seed", "mu", "mu_concentration", "P_concentration", "q_concentration"
    ]  # fmt: skip
    assert "11 is not an integer of at least 1 and at most 10" in str(caught.value)


def test_a_mu_that_underflows_is_refused():
    with pytest.raises(TaskError, match="raise the concentration"):
        Task.random(10, 10, 2, mu="dirichlet", mu_concentration=1e-4)
