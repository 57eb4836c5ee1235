"""Tasks whose truth is unknown."""

import numpy as np
import pytest

from scbsim import InputError, Task, TaskError, sample_batch
from scbsim.contents import describe
from scbsim.task.digest import differing, parts_of

MU = [0.5, 0.2, 0.3]


def test_it_has_tokens_alone():
    task = Task.without_truth(MU, 9)
    assert (task.N, task.T, task.Q, task.P, task.truth_known) == (3, 9, 0, None, False)
    assert np.isnan([task.K_P, task.K_Q, *task.K]).all()
    assert "truth unknown" in repr(task)
    assert Task.random(3, 9, 1).truth_known
    with pytest.raises(InputError, match="the truth is unknown"):
        sample_batch(task, 3)


def test_it_is_the_same_from_a_file(tmp_path):
    task = Task.without_truth(MU, 9)
    task.save(tmp_path / "task.h5")
    found = Task.load(tmp_path / "task.h5")
    assert differing(parts_of(found), parts_of(task)) == ""
    assert "mu differs" in differing(parts_of(found), parts_of(Task.without_truth(MU[::-1], 9)))
    assert describe(tmp_path / "task.h5")["task"]["N"] == 3


def test_what_is_wrong_is_said_at_once():
    with pytest.raises(TaskError) as caught:
        Task.without_truth([0.5, 0.0, 0.6], 1)
    assert [fault.key for fault in caught.value.faults] == ["T", "mu", "mu"]
