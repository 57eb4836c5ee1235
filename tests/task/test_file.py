import h5py
import numpy as np
import pytest

from scbsim import Task
from scbsim.errors import OutputError, TaskError
from scbsim.spec import TaskSpec
from scbsim.task.file import write_arrays

ARRAYS = ("mu", "P", "q_positions", "q_weights")


@pytest.mark.parametrize("layout", ["root", "group", "attribute"])
def test_a_spec_asks_for_a_task_on_file(tmp_path, layout):
    task = Task.random(20, 10**10, 3, P_concentration=0.01)
    path = tmp_path / "task.h5"
    with h5py.File(path, "w") as file:
        group = file if layout == "root" else file.create_group("task")
        for name in ARRAYS:
            group[name] = getattr(task, name)
        if layout == "attribute":
            group.attrs["T"] = task.T
        else:
            group["T"] = task.T
    read = Task.from_spec(TaskSpec(from_=str(path)))
    for name in ARRAYS:
        assert np.array_equal(getattr(read, name), getattr(task, name))
    assert read.T == task.T


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(OutputError, match=r"none\.h5 does not exist"):
        Task.from_spec(TaskSpec(from_=str(tmp_path / "none.h5")))


def test_a_file_of_another_kind_is_said_to_be_one(tmp_path):
    path = tmp_path / "task.h5"
    path.write_text("[task]\nN = 3\n")
    with pytest.raises(OutputError, match=r"task\.h5 is not an HDF5 file"):
        Task.from_spec(TaskSpec(from_=str(path)))


def test_missing_datasets_are_named(tmp_path):
    path = tmp_path / "task.h5"
    with h5py.File(path, "w") as file:
        file["mu"] = [0.5, 0.5]
        file["q_positions"] = [[0], [1]]
    with pytest.raises(TaskError, match=r"task\.h5 has 3 faults") as caught:
        Task.from_spec(TaskSpec(from_=str(path)))
    assert [f.key for f in caught.value.faults] == ["P", "q_weights", "T"]


@pytest.mark.parametrize("known", [{}, {"K_P": 0.4}])
def test_a_task_is_read_back_as_it_was_written(tmp_path, known):
    path = tmp_path / "task.h5"
    for seed in (1, 2):
        task = Task.random(5, 10**10, 3, seed=seed, **known)
        write_arrays(path, task)
        read = Task.from_spec(TaskSpec(from_=str(path))).to_arrays()
        assert read.keys() == task.to_arrays().keys()
        for name, value in task.to_arrays().items():
            assert np.array_equal(read[name], value)
    assert [each.name for each in tmp_path.iterdir()] == ["task.h5"]


def test_a_task_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "task.h5").mkdir()
    with pytest.raises(OutputError, match=r"task\.h5 cannot be written"):
        write_arrays(tmp_path / "task.h5", Task.random(5, 100, 2))
    assert [each.name for each in tmp_path.iterdir()] == ["task.h5"]
