"""Files as `task.from` with anything in them: a plain error, and no other."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest
from scbsim_testing.mangling import MANGLES, boundaries

from scbsim import Task
from scbsim.errors import InputError, OutputError, TaskError
from scbsim.spec import TaskSpec
from scbsim.task.file import write_arrays

TASK = Task.random(6, 60, 2, P_concentration=0.1, seed=2).to_arrays()
NAMES = tuple(TASK)
COMPOUND = np.zeros(3, [("a", "f8"), ("b", "i4")])
VALUES = {
    "text": "six",
    "texts": ["a", "b"],
    "bytes": np.bytes_(b"60"),
    "opaque": np.void(b"\x00\x01"),
    "compound": COMPOUND,
    "complex": np.ones((6, 6), complex),
    "truth": np.ones((6, 6), bool),
    "nothing": h5py.Empty("f8"),
    "no entries": np.zeros((0, 6)),
    "not a number": np.full((6, 6), np.nan),
    "infinite": np.full(6, np.inf),
    "negative": np.full((6, 2), -1),
    "huge": np.uint64(2**64 - 1),
    "huge positions": np.full((6, 2), 2**63, np.uint64),
    "a fraction": 60.5,
    "whole as a float": np.float64(60.0),
    "one in a list": np.array([60]),
    "five dimensions": np.ones((1, 1, 1, 1, 1)),
    "other sizes": np.full((7, 3), 1 / 7),
    "half precision": np.ones((6, 6), "f2"),
    "other byte order": np.arange(12, dtype=">i8").reshape(6, 2),
    "references": None,
    "of variable length": None,
    "a group": None,
}


def put(file, name, what):
    if what == "references":
        file.create_dataset(name, data=[file.ref], dtype=h5py.ref_dtype)
    elif what == "of variable length":
        file.create_dataset(name, (2,), h5py.vlen_dtype(np.float64))[0] = [1.0, 2.0]
    elif what == "a group":
        file.create_group(name)
    else:
        file[name] = VALUES[what]


@pytest.mark.parametrize("what", VALUES)
@pytest.mark.parametrize("name", NAMES)
def test_another_kind_of_value(name, what, tmp_path):
    path = tmp_path / "task.h5"
    with h5py.File(path, "w") as file:
        for other, value in TASK.items():
            if other != name:
                file[other] = value
        put(file, name, what)
    if (name, what) == ("q_positions", "other byte order"):
        # These are sound positions.
        assert Task.from_spec(TaskSpec(from_=str(path))).Q == 2
        return
    with pytest.raises((TaskError, OutputError)) as caught:
        Task.from_spec(TaskSpec(from_=str(path)))
    assert name in str(caught.value)
    assert len(str(caught.value).splitlines()) < 9
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("what", ["text", "not a number", "infinite", "a fraction", "compound"])
@pytest.mark.parametrize("name", ["T", "K_P"])
def test_another_kind_of_attribute(name, what, tmp_path):
    path = tmp_path / "task.h5"
    with h5py.File(path, "w") as file:
        for other in ("mu", "q_positions", "q_weights"):
            file[other] = TASK[other]
        file.attrs.update({"T": 60, "K_P": 0.1, name: VALUES[what]})
    with pytest.raises((TaskError, OutputError), match=name):
        Task.from_spec(TaskSpec(from_=str(path)))


def test_shapes_that_are_claimed_are_not_read(tmp_path):
    path = tmp_path / "task.h5"
    with h5py.File(path, "w") as file:
        for name, value in TASK.items():
            if name != "P":
                file[name] = value
        file.create_dataset("P", (10**6, 10**6), "f8", chunks=(100, 100))
    with pytest.raises(OutputError, match="/P claims 8000000000000 bytes"):
        Task.from_spec(TaskSpec(from_=str(path)))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OutputError, match="no regular file"):
        Task.from_spec(TaskSpec(from_=str(tmp_path / "fifo")))


def made(folder):
    """Return task files of all makes, as bytes: with checksums and without."""
    paths = [folder / name for name in ("ours.h5", "old.h5", "compressed.h5")]
    write_arrays(paths[0], Task.from_arrays(**TASK))
    with h5py.File(paths[1], "w", libver="earliest") as file:
        for name, value in TASK.items():
            file[name] = value
    with h5py.File(paths[2], "w", libver="latest") as file:
        for name, value in TASK.items():
            how = {"compression": "gzip"} if np.ndim(value) else {}
            file.create_dataset(f"task/{name}", data=value, **how)
    return [path.read_bytes() for path in paths]


@pytest.mark.parametrize(
    "tries", [60, pytest.param(3000, marks=pytest.mark.slow)], ids=["some", "many"]
)
@pytest.mark.parametrize("how", MANGLES)
def test_a_damaged_file(how, tries, tmp_path, memory):
    """In memory: a disk is waited for each time that a file is replaced."""
    rng = np.random.default_rng(len(how) + tries)
    path = memory / "task.h5"
    refused = 0
    for content in made(tmp_path):
        near = [at + i for at in boundaries(content) for i in range(60) if at + i < len(content)]
        where = np.array(near) if how == "metadata" and near else None
        for _ in range(tries):
            path.write_bytes(MANGLES[how](rng, content, where))
            try:
                Task.from_spec(TaskSpec(from_=str(path)))
            except InputError:
                refused += 1
    assert refused > tries
