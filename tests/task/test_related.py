import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbsim import Task
from scbsim.errors import InputError, TaskError
from scbsim.task import correlations, related_task

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")


def whole(task):
    """The attention target with all its entries."""
    target = np.zeros((task.T, task.N))
    for k in range(task.N):
        target[task.q_positions[k], k] = task.q_weights[k]
    return target


def cosine(X, Y, mu):
    return (mu * X * Y).sum() / np.sqrt((mu * X * X).sum() * (mu * Y * Y).sum())


def brute(task, other):
    mu = task.mu
    at_P = cosine(task.P - mu[:, None], other.P - mu[:, None], mu)
    return at_P, cosine(whole(task) - 1 / task.T, whole(other) - 1 / task.T, mu)


@pytest.mark.slow
@settings(max_examples=60)
@given(
    N=st.integers(3, 12),
    Q=st.integers(1, 4),
    more=st.integers(0, 40),
    law=st.sampled_from(["uniform", "dirichlet"]),
    correlation=st.floats(0.0, 1.0) | st.sampled_from([0.0, 0.05, 0.5, 0.999, 1.0]),
    seed=st.integers(0, 99),
)
def test_the_correlation_is_exact_in_P_and_in_Q(N, Q, more, law, correlation, seed):
    task = Task.random(N, 2 * Q + more + 1, Q, mu=law, seed=seed)
    other = related_task(task, correlation, seed=seed)
    np.testing.assert_allclose(correlations(task, other), correlation, rtol=0, atol=1e-12)
    np.testing.assert_allclose(brute(task, other), correlation, rtol=0, atol=1e-10)
    assert np.array_equal(other.mu, task.mu)
    assert (other.N, other.T) == (task.N, task.T)


def test_it_is_a_task_with_one_nonzero_more_in_one_column():
    task = Task.random(30, 10**9, 3, mu="dirichlet", seed=4)
    other = related_task(task, 0.4, seed=1)
    Task.from_arrays(**other.to_arrays())
    nonzeros = (other.q_weights > 0).sum(axis=1)
    assert sorted(set(nonzeros)) == [3, 4]
    assert (nonzeros == 4).sum() == 1
    shared = [len({*a} & {*b}) for a, b in zip(task.q_positions, other.q_positions, strict=True)]
    assert shared.count(3) > 5
    assert abs(other.K_Q / task.K_Q - 1) < 0.1


def test_draws_depend_on_the_seed_and_on_nothing_else():
    task = Task.random(8, 500, 2)
    one, same, another = (related_task(task, 0.3, seed=s) for s in (1, 1, 2))
    for name, array in one.to_arrays().items():
        assert np.array_equal(array, getattr(same, name))
    assert not np.array_equal(one.P, another.P)
    assert not np.array_equal(one.q_positions, another.q_positions)


def test_tasks_of_one_seed_lie_on_one_path():
    task = Task.random(8, 500, 2)
    path = [related_task(task, rho, seed=3) for rho in (0.1, 0.5, 0.9)]
    # All are mixtures of the same two: three of them are on a line.
    first, second = (each.P - path[0].P for each in path[1:])
    assert correlations(path[1], path[2]).P > 0.5
    np.testing.assert_allclose(first * np.linalg.norm(second), second * np.linalg.norm(first))


def test_all_of_a_task_is_the_task():
    task = Task.random(5, 100, 2)
    assert related_task(task, 1.0) is task
    assert correlations(task, task) == pytest.approx((1.0, 1.0), abs=1e-15)


def test_what_says_nothing_has_no_correlation():
    even = Task.from_arrays([0.25] * 4, np.full((4, 4), 0.25), [[0], [1], [2], [3]], [[1]] * 4, 10)
    task = Task.random(4, 10, 1)
    assert np.isnan(correlations(task, even).P)
    with pytest.raises(TaskError, match="K_P: is 0"):
        related_task(even, 0.5)


def test_every_fault_is_named():
    with pytest.raises(TaskError) as caught:
        related_task(Task.random(3, 3, 2), 1.5, seed=-1, P_concentration=0.0)
    assert [f.key for f in caught.value.faults] == ["seed", "correlation", "P_concentration", "T"]
    with pytest.raises(TaskError, match="N: is 2"):
        related_task(Task.random(2, 10, 1), 0.5)
    with pytest.raises(InputError, match="without its P"):
        related_task(Task.random(3, 10, 1, K_P=0.4), 0.5)


def test_only_tasks_of_the_same_tokens_are_compared():
    task = Task.random(3, 10, 1)
    with pytest.raises(TaskError) as caught:
        correlations(task, Task.random(3, 11, 1, mu="dirichlet"))
    assert [f.key for f in caught.value.faults] == ["mu", "T"]
