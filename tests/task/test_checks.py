import re

import numpy as np
import pytest

from scbsim import Task
from scbsim.errors import TaskError

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


def faults_of(**changes):
    with pytest.raises(TaskError) as caught:
        Task.from_arrays(**(arrays() | changes))
    return caught.value.faults


def test_positions_are_sorted_and_weights_go_along():
    task = Task.from_arrays(**arrays())
    assert (task.q_positions == [1, 3]).all()
    assert (task.q_weights == [0.75, 0.25]).all()
    assert task.q_positions.dtype == np.int64


def test_arrays_are_read_only_copies():
    given = arrays()
    task = Task.from_arrays(**given)
    given["mu"][0] = 9.0
    assert task.mu[0] == 0.25
    for name in (*ARRAYS, "K"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(task, name)[0] = 0


@quiet
@pytest.mark.parametrize("seed", range(5))
def test_a_task_survives_its_arrays_bit_for_bit(seed):
    task = Task.random(40, 300, 7, mu="dirichlet", P_concentration=0.01, seed=seed)
    again = Task.from_arrays(**task.to_arrays())
    for name in (*ARRAYS, "K"):
        assert np.array_equal(getattr(task, name), getattr(again, name))
    assert (again.K_P, again.K_Q, again.T) == (task.K_P, task.K_Q, task.T)


def test_sums_that_are_off_a_little_are_put_right():
    given = arrays()
    noise = 1 + 1e-10 * np.random.default_rng(0).uniform(-1, 1, (4, 4))
    task = Task.from_arrays(
        mu=given["mu"] * (1 + 1e-10),
        P=given["P"] * noise,
        q_positions=given["q_positions"],
        q_weights=given["q_weights"] * (1 - 1e-10),
        T=12,
    )
    assert abs(task.mu.sum() - 1) <= 1e-15
    assert np.abs(task.q_weights.sum(axis=1) - 1).max() <= 1e-15
    assert np.abs(task.P.sum(axis=0) - 1).max() <= 1e-15
    assert np.abs(task.P @ task.mu - task.mu).max() <= 1e-15
    assert pytest.approx(given["P"], abs=1e-9) == task.P


@quiet
def test_an_output_that_never_comes_is_put_right_too():
    # Token 3 is so rare that a row of zeros passes the test of stationarity.
    mu = np.array([0.5, 0.5 - 1e-10, 1e-10])
    task = Task.from_arrays(mu, [[1, 0, 0], [0, 1, 1], [0, 0, 0]], [[0]] * 3, [[1.0]] * 3, 2)
    assert np.abs(task.P @ mu - mu).max() <= 1e-15
    assert np.isfinite(task.P).all()


WRONG_P = arrays()["P"].copy()
WRONG_P[:, 2] *= 0.9


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"mu": [0.5, 0.6, -0.2, 0.1]}, "mu", r"mu\[2\] is -0.2"),
        ({"mu": [0.5, 0.5, 0.0, 0.0]}, "mu", r"mu\[2\] is 0; every entry must be above 0"),
        ({"mu": [0.3, 0.3, 0.3, 0.3]}, "mu", "sums to 1.2"),
        ({"mu": [[0.25] * 4]}, "mu", r"has shape \(1, 4\); it must have 1 dimension"),
        ({"mu": [0.25, np.nan, 0.25, np.inf]}, "mu", r"2 entries are not finite, .* \[1\]"),
        ({"mu": ["a", "b", "c", "d"]}, "mu", "not an array of real numbers"),
        ({"mu": [0.25, 0.75j, 0, 0]}, "mu", "complex128 given"),
        ({"mu": [1.0]}, "mu", "must have at least 2"),
        ({"P": WRONG_P}, "P", "^column 2 sums to 0.9, not 1$"),
        (
            {"P": np.full((4, 4), 0.3)},
            "P",
            "column 0 sums to 1.2, not 1; columns 0, 1, 2 and 1 more are off",
        ),
        ({"P": np.eye(3)}, "P", r"has shape \(3, 3\); it must be \(N = 4, N = 4\)"),
        ({"P": [[1.0, 0.0], [0.0]]}, "P", "not an array of real numbers"),
        ({"P": np.eye(4)[[0, 0, 2, 3]].T}, "P", r"\|P mu - mu\|_1 is 0.5"),
        ({"P": 2 * np.eye(4) - arrays()["P"]}, "P", r"P\[0, 1\] is -0.0625; no entry may be below"),
        ({"q_positions": [[3, 12]] * 4}, "q_positions", r"12 in column 0 .* \[0, T = 12\)"),
        ({"q_positions": [[3, 1]] * 3 + [[-1, 1]]}, "q_positions", "-1 in column 3"),
        ({"q_positions": [[3, 1]] * 2 + [[5, 5]] * 2}, "q_positions", "columns 2, 3: a position"),
        (
            {"q_positions": [[3.0, 1.0]] * 4},
            "q_positions",
            "array of integers .float64 given",
        ),
        (
            {"q_positions": [[3, 1]] * 5},
            "q_positions",
            r"\(5, 2\); it must be \(N = 4, Q\)",
        ),
        ({"q_positions": [3, 1]}, "q_positions", r"has shape \(2,\)"),
        ({"q_weights": [[0.5, 0.6]] * 4}, "q_weights", "column 0 sums to 1.1, not 1"),
        ({"q_weights": [[0.5, 0.5]] * 3 + [[-0.5, 1.5]]}, "q_weights", "column 3: no weight"),
        (
            {"q_weights": [[1.0]] * 4},
            "q_weights",
            r"\(4, 1\); it must be \(N = 4, Q = 2\)",
        ),
        ({"T": 1}, "T", "1 is not an integer of at least 2"),
        ({"T": 12.0}, "T", "12.0 is not an integer"),
        ({"T": True}, "T", "True is not an integer"),
        ({"T": 2**53}, "T", r"is not an integer .* below 2\*\*53"),
        (
            {"q_positions": [[0, 1, 2]] * 4, "q_weights": [[1.0, 0.0, 0.0]] * 4, "T": 2},
            "q_positions",
            "3 positions a column, more than T = 2",
        ),
    ],
)
def test_a_fault_is_named(changes, key, words):
    faults = faults_of(**changes)
    assert any(f.key == key and re.search(words, f.problem) for f in faults), faults


def test_one_fault_is_one_fault():
    assert len(faults_of(q_weights=[[0.5, 0.6]] * 4)) == 1
    assert len(faults_of(T=0)) == 1
    assert len(faults_of(P=np.eye(4)[[0, 0, 2, 3]].T)) == 1


def test_all_faults_are_named_at_once():
    faults = faults_of(
        mu=[0.25, 0.25, 0.25, 0.26],
        P=WRONG_P,
        q_positions=[[5, 5], [3, 99], [1, 2], [1, 2]],
        q_weights=[[0.5, 0.5, 0.0]] * 4,
        T=12,
    )
    assert [f.key for f in faults] == ["mu", "P", "P", "q_positions", "q_positions", "q_weights"]


def test_what_is_within_the_tolerance_passes_and_what_is_not_does_not():
    weights = np.array([[0.25, 0.75]] * 4)
    Task.from_arrays(**(arrays() | {"q_weights": weights * (1 + 9e-10)}))
    assert faults_of(q_weights=weights * (1 + 2e-9))
