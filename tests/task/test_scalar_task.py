"""Tasks of which P is known by K_P alone."""

import pickle
import re
import tracemalloc
import warnings

import h5py
import numpy as np
import pytest

from scbsim import Task
from scbsim.errors import InputError, TaskError, TaskWarning
from scbsim.spec import TaskSpec

OTHERS = ("mu", "q_positions", "q_weights", "K")
SIZES = {"N": 20, "T": 10**6, "Q": 3, "mu": "dirichlet", "seed": 7}


def scalars(**changes):
    return {
        "mu": [0.25] * 4,
        "K_P": 0.5,
        "q_positions": [[3, 1]] * 4,
        "q_weights": [[0.25, 0.75]] * 4,
        "T": 12,
    } | changes


def faults_of(**changes):
    with pytest.raises(TaskError) as caught:
        Task.from_scalars(**scalars(**changes))
    return {fault.key: fault.problem for fault in caught.value.faults}


def assert_same(task, other, *, but=()):
    for name in (*OTHERS, "K_P", "K_Q", "N", "T", "Q"):
        assert name in but or np.array_equal(getattr(task, name), getattr(other, name))


def test_a_draw_without_P_is_that_with_it_otherwise():
    known, drawn = Task.random(**SIZES, K_P=0.3), Task.random(**SIZES)
    assert (known.P, known.K_P) == (None, 0.3)
    assert drawn.P is not None
    assert_same(known, drawn, but=("K_P",))


def test_it_survives_its_arrays_bit_for_bit():
    task = Task.random(**SIZES, K_P=0.3)
    assert_same(Task.from_scalars(**task.to_arrays()), task)
    assert_same(Task.from_known(task.to_arrays()), task)
    assert_same(pickle.loads(pickle.dumps(task)), task)
    drawn = Task.random(**SIZES)
    assert np.array_equal(Task.from_known(drawn.to_arrays()).P, drawn.P)


def test_arrays_are_sorted_read_only_copies():
    given = scalars(mu=np.full(4, 0.25))
    task = Task.from_scalars(**given)
    given["mu"][0] = 9.0
    assert task.mu[0] == 0.25
    assert (task.q_positions == [1, 3]).all()
    assert (task.q_weights == [0.75, 0.25]).all()
    for name in OTHERS:
        with pytest.raises(ValueError, match="read-only"):
            getattr(task, name)[0] = 0


def test_what_needs_P_says_what_there_is_not():
    task = Task.random(**SIZES, K_P=0.3)
    with pytest.raises(InputError, match=r"known by mu, K_P .* no matrix V .* no real batches"):
        _ = task.P_tilde
    assert repr(task).startswith("Task(N=20, T=1000000, Q=3, K_P=0.3,")


@pytest.mark.parametrize("K_P", [-1e-9, np.inf, np.nan, "0.2", True, None, 1j, 10**400, [0.1, 0.2]])
def test_a_K_P_that_is_no_number_from_0(K_P):
    assert re.search("is not a finite number of at least 0", faults_of(K_P=K_P)["K_P"])


def test_a_K_P_that_no_P_has():
    assert faults_of(K_P=0.76) == {
        "K_P": "0.76 is more than 1 - |mu|^2 = 0.75, the most that a P can have"
    }
    with pytest.raises(TaskError, match=r"K_P: 0.9 is more than 1 - \|mu\|\^2 = 0.8"):
        Task.random(5, 100, 2, K_P=0.9)
    with pytest.raises(TaskError, match="K_P: -1 is not a finite number"):
        Task.random(5, 100, 2, K_P=-1)


@pytest.mark.parametrize("N", [2, 3, 7, 100])
def test_the_most_and_the_least_that_a_P_can_have_pass(N):
    mu = np.random.default_rng(N).dirichlet(np.ones(N))
    rest = {"q_positions": [[1]] * N, "q_weights": [[1.0]] * N, "T": 9}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskWarning)
        most = Task.from_arrays(mu, np.eye(N), **rest).K_P
        assert Task.from_scalars(mu, most, **rest).K_P == most
        assert Task.from_scalars(mu, 0, **rest).K_P == 0.0


def test_all_faults_are_named_at_once():
    found = faults_of(mu=[0.25] * 3, K_P=-1, q_positions=[[3, 12]] * 4, T=5)
    assert list(found) == ["mu", "K_P", "q_positions", "q_weights"]


def test_weak_transitions_warn():
    for make in (
        lambda: Task.from_scalars(**scalars(K_P=0.2)),
        lambda: Task.random(4, 50, 2, K_P=0.2),
    ):
        with pytest.warns(TaskWarning, match=r"is 0.45, below .* = 0.5: .*larger K_P") as seen:
            make()
        assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Task.from_scalars(**scalars(K_P=0.25))


def test_a_large_vocabulary_costs_no_matrix():
    tracemalloc.start()
    task = Task.random(20_000, 10**9, 2, mu="dirichlet", K_P=0.25)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * task.N
    assert np.abs(task.q_weights.sum(axis=1) - 1).max() < 1e-15


def test_a_spec_asks_for_it():
    keys = {"N": 20, "T": 90, "Q": 3, "mu": "dirichlet", "K_P": 0.4, "seed": 4}
    assert_same(Task.from_spec(TaskSpec(**keys)), Task.random(**keys))


@pytest.mark.parametrize("layout", ["dataset", "attribute"])
def test_a_file_has_it(tmp_path, layout):
    task, path = Task.random(**SIZES, K_P=0.3), tmp_path / "task.h5"
    with h5py.File(path, "w") as file:
        for name, value in task.to_arrays().items():
            if layout == "attribute" and name in ("K_P", "T"):
                file.attrs[name] = value
            else:
                file[name] = value
    read = Task.from_spec(TaskSpec(from_=str(path)))
    assert read.P is None
    assert_same(read, task)


def test_a_P_in_the_file_comes_first(tmp_path):
    task, path = Task.random(**SIZES), tmp_path / "task.h5"
    with h5py.File(path, "w") as file:
        for name, value in task.to_arrays().items():
            file[name] = value
        file.attrs["K_P"] = 0.1
    assert np.array_equal(Task.from_spec(TaskSpec(from_=str(path))).P, task.P)
    with h5py.File(path, "a") as file:
        del file["P"]
        file.create_group("P")
    with pytest.raises(TaskError, match="P: not in the file, nor is K_P in its place"):
        Task.from_spec(TaskSpec(from_=str(path)))
