import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from scbsim import Task
from scbsim.errors import TaskError, TaskWarning
from scbsim.spec import TaskSpec

ARRAYS = ("mu", "P", "q_positions", "q_weights")

quiet = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")


def arrays(N=4, T=12):
    """A task that holds exactly, as arguments of from_arrays."""
    return {
        "mu": np.full(N, 1 / N),
        "P": np.roll(np.eye(N), 1, axis=0) * 0.75 + 0.25 / N,
        "q_positions": np.array([[3, 1]] * N),
        "q_weights": np.array([[0.25, 0.75]] * N),
        "T": T,
    }


def dense_q(task):
    q = np.zeros((task.T, task.N))
    np.put_along_axis(q, task.q_positions.T, task.q_weights.T, axis=0)
    return q


@quiet
@pytest.mark.parametrize(("N", "T", "Q"), [(2, 2, 1), (3, 5, 5), (10, 40, 3)])
@pytest.mark.parametrize("mu", ["uniform", "dirichlet"])
def test_constants_are_those_of_the_dense_matrices(N, T, Q, mu):
    task = Task.random(N, T, Q, mu=mu, mu_concentration=2.0, q_concentration=1.0, seed=3)
    q = dense_q(task)
    assert pytest.approx((q**2).sum(axis=0) - 1 / T, rel=1e-12, abs=1e-15) == task.K
    assert pytest.approx(task.mu @ ((q**2).sum(axis=0) - 1 / T), rel=1e-12, abs=1e-15) == task.K_Q
    expected = (task.P**2).sum(axis=0) @ task.mu - (task.mu**2).sum()
    assert pytest.approx(expected, rel=1e-12, abs=1e-15) == task.K_P
    assert (task.P_tilde**2).sum() == pytest.approx(task.K_P, rel=1e-13)
    assert task.P_tilde == pytest.approx((task.P - np.outer(task.mu, np.ones(N))) * task.mu**0.5)


@quiet
@pytest.mark.parametrize("T", [3, 10, 49, 1000])
def test_an_attention_target_that_is_uniform_has_no_signal(T):
    task = Task.random(3, T, T, q_concentration=np.inf)
    assert (task.K == 0.0).all()
    assert task.K_Q == 0.0


@quiet
def test_transitions_without_memory_have_no_signal():
    given = arrays(N=3)
    task = Task.from_arrays(**(given | {"P": np.outer(given["mu"], np.ones(3))}))
    assert task.K_P == 0.0


@quiet
def test_near_uniform_targets_keep_their_digits():
    # 1/T is 1e-5 of |q|^2 here; the difference of the two would keep half of the digits.
    T, epsilon = 1000, 1e-8
    tilt = np.where(np.arange(T) % 2, epsilon, -epsilon)
    given = arrays(T=T) | {
        "q_positions": np.tile(np.arange(T), (4, 1)),
        "q_weights": np.tile(1 / T + tilt, (4, 1)),
    }
    assert pytest.approx(T * epsilon**2, rel=1e-6) == Task.from_arrays(**given).K


def test_weak_transitions_warn():
    with pytest.warns(TaskWarning, match=r"2 \|\|mu\|\|\^2 = 0.2: .*lower P_concentration") as seen:
        task = Task.random(10, 50, 2, P_concentration=10.0)
    assert (task.mu**2).sum() > task.K_P
    assert f"{task.K_P + 0.1:.4g}" in str(seen[0].message)
    assert seen[0].filename == __file__


def test_a_mu_that_no_transitions_suit_is_said_to_be_the_cause():
    with pytest.warns(TaskWarning, match="with this mu no P can reach that"):
        Task.random(2, 50, 2)


def test_sharp_transitions_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Task.random(100, 50, 2, P_concentration=0.02).K_P > 0.01
        Task.from_arrays(**arrays())
        Task.from_arrays(**(arrays(N=2) | {"P": np.eye(2)}))


def test_a_spec_without_sizes_has_them_named():
    with pytest.raises(TaskError) as caught:
        Task.from_spec(SimpleNamespace(from_=None, N=None, T=5, Q=None))
    assert [f.key for f in caught.value.faults] == ["task.N", "task.Q"]


def test_a_spec_asks_for_a_random_task():
    keys = {
        "N": 20, "T": 90, "Q": 3, "mu": "dirichlet", "mu_concentration": 3.0,
        "P_concentration": 0.01, "q_concentration": 2.0, "seed": 4,
    }  # fmt: skip
    asked, drawn = Task.from_spec(TaskSpec(**keys)), Task.random(**keys)
    for name in ARRAYS:
        assert np.array_equal(getattr(asked, name), getattr(drawn, name))


@quiet
def test_repr_says_the_sizes():
    task = Task.random(3, 50, 2)
    assert repr(task).startswith("Task(N=3, T=50, Q=2, K_P=")
    assert "<th>context T</th><td>50</td>" in task._repr_html_()
