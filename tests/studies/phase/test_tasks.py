import numpy as np
import pytest

from scbsim import Task
from scbsim.spec import TaskSpec
from scbsim.studies.phase.tasks import _KEPT, Tasks
from scbsim.task import make
from scbsim.task import random as of_random

SIZES = {"N": 7, "T": 50, "Q": 2, "P_concentration": 0.05, "seed": 4}
CHANGES = [{}, {"T": 2000}, {"T": 10**9}, {"Q": 5}, {"q_concentration": np.inf}]
CHANGES += [{"mu": "dirichlet"}, {"mu": "dirichlet", "T": 77}, {"seed": 6}, {"N": 9, "T": 3}]


def test_tasks_are_those_of_their_specs_to_the_bit():
    tasks = Tasks()
    for change in CHANGES:
        spec = TaskSpec(**{**SIZES, **change})
        ours, drawn = tasks.of(spec), Task.from_spec(spec)
        for name, value in drawn.to_arrays().items():
            np.testing.assert_array_equal(ours.to_arrays()[name], value)
        assert (ours.K_P, ours.K_Q) == (drawn.K_P, drawn.K_Q)
        assert tasks.of(spec) is ours


def test_tasks_known_by_K_P_keep_it_whatever_their_target():
    tasks = Tasks()
    for change in ({}, {"T": 2000}, {"Q": 5}, {"K_P": 0.25}, {"K_P": 0.25, "T": 2000}):
        known = {"N": 7, "T": 50, "Q": 2, "K_P": 0.5, "seed": 4} | change
        ours, drawn = tasks.of(TaskSpec(**known)), Task.from_spec(TaskSpec(**known))
        assert (ours.P, ours.K_P) == (None, known["K_P"])
        for name, value in drawn.to_arrays().items():
            np.testing.assert_array_equal(ours.to_arrays()[name], value)


def test_transitions_are_drawn_once_and_few_tasks_are_kept(monkeypatch):
    drawn = []
    draw_P = of_random.draw_P
    monkeypatch.setattr(make, "draw_P", lambda *a: drawn.append(1) or draw_P(*a))
    tasks = Tasks()
    for T in range(10, 10 + 3 * _KEPT):
        tasks.of(TaskSpec(**{**SIZES, "T": T}))
    assert len(drawn) == 1
    assert len(tasks._tasks) == _KEPT


def test_a_task_from_a_file(tmp_path):
    import h5py

    path = tmp_path / "task.h5"
    with h5py.File(path, "w") as file:
        for name, value in Task.from_spec(TaskSpec(**SIZES)).to_arrays().items():
            file[name] = value
    task = Tasks().of(TaskSpec(**{"from": str(path)}))
    assert (task.N, task.T) == (7, 50)


@pytest.mark.parametrize("change", [{"T": 60}, {"Q": 3}])
def test_a_target_of_its_own(change):
    tasks = Tasks()
    one, other = (tasks.of(TaskSpec(**{**SIZES, **c})) for c in ({}, change))
    assert np.array_equal(one.P, other.P)
    assert not np.array_equal(one.q_positions, other.q_positions)
