"""Files of samples: their content, and that incomplete files are never left."""

import os

import h5py
import numpy as np
import pytest

from scbsim import Task
from scbsim.errors import OutputError, RunFailed, Stopped
from scbsim.sampling import file as samples
from scbsim.sampling.file import write_samples
from scbsim.sampling.sampler import Sampler
from scbsim.task.file import read_arrays


@pytest.fixture
def sampler():
    return Sampler(Task.random(5, 60, 2, seed=3), 8)


@pytest.fixture(autouse=True)
def in_small_pieces(monkeypatch):
    monkeypatch.setattr(samples, "_CHUNK_BYTES", 60 * 7)


def test_they_are_those_of_the_sampler(sampler, tmp_path):
    path, seen = tmp_path / "new" / "batch.h5", []
    write_samples(path, sampler, 30, 25, on_progress=seen.append)
    assert seen == [7, 14, 21, 25]
    assert os.listdir(path.parent) == [path.name]
    with h5py.File(path) as file:
        for name, array in sampler.draw(30, 25)._asdict().items():
            assert file[name].dtype == array.dtype
            assert np.array_equal(file[name][()], array)
        assert (file.attrs["first"], file.attrs["seed"]) == (30, 8)
    task = Task.from_known(read_arrays(path))
    assert all(np.array_equal(a, task.to_arrays()[n]) for n, a in sampler.task.to_arrays().items())


def test_what_exists_stays(sampler, tmp_path):
    path = tmp_path / "batch.h5"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        write_samples(path, sampler, 0, 5)
    assert path.read_text() == "mine"
    assert os.listdir(tmp_path) == [path.name]


def test_a_stop_leaves_nothing(sampler, tmp_path):
    asked = iter([False, False, True])
    with pytest.raises(Stopped, match="was not written") as caught:
        write_samples(tmp_path / "batch.h5", sampler, 0, 50, stop=lambda: next(asked))
    assert caught.value.exit_status == 75
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_nothing(sampler, tmp_path, monkeypatch):
    def full(path, handle, needed):
        raise OSError(28, "1 MB more are needed")

    monkeypatch.setattr("scbsim.storage.hdf5.write.make_room", full)
    with pytest.raises(RunFailed, match=r"1 MB more.*nothing is left of it") as caught:
        write_samples(tmp_path / "batch.h5", sampler, 0, 50)
    assert caught.value.exit_status == 1
    assert "--resume" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_failing_write_leaves_nothing(sampler, tmp_path, monkeypatch):
    def failing(first, size):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sampler, "draw", failing)
    with pytest.raises(RunFailed, match="nothing is left of it"):
        write_samples(tmp_path / "batch.h5", sampler, 0, 50)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Stopped("so be it")])
def test_nothing_stays_open_after_a_failure(sampler, tmp_path, monkeypatch, error):
    """A new file may get the inode of a removed one, which HDF5 would confuse if it were open."""

    def failing(first, size):
        raise error

    def files_open():
        return h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE)

    before = files_open()
    monkeypatch.setattr(sampler, "draw", failing)
    # As long as the exception lives, so do its frames and their open files.
    with pytest.raises((RunFailed, Stopped)) as caught:
        write_samples(tmp_path / "batch.h5", sampler, 0, 50)
    assert files_open() == before, caught
