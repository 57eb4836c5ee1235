"""Files of samples to learn from: written, read batch by batch, and refused."""

import h5py
import numpy as np
import pytest

from scbsim import DataError, InputError, OutputError, Task, sample_batch, save_samples
from scbsim.sampling.samples_file import fingerprint, opened_batches


@pytest.fixture
def task():
    return Task.random(5, 12, 2, seed=3, P_concentration=0.02)


@pytest.fixture
def path(task, tmp_path):
    save_samples(tmp_path / "samples.h5", sample_batch(task, 23), task=task)
    return tmp_path / "samples.h5"


def test_batches_are_its_samples_in_order(task, path):
    whole = sample_batch(task, 23)
    for epochs, count in ((1, 4), (2, 8), (0, 50)):
        with opened_batches(path, 12, 5, epochs) as file:
            for number in range(count):
                part = file.batch(number)(1, 4)
                first = number % 4 * 5
                for found, right in zip(part, whole, strict=False):
                    assert np.array_equal(found, right[first + 1 : first + 4])
            assert (file.batch(count) is None) == (epochs > 0)


def test_it_has_the_task(task, path, tmp_path):
    assert repr(Task.load(path)) == repr(task)
    save_samples(tmp_path / "unknown.h5", sample_batch(task, 23), N=6)
    found = Task.load(tmp_path / "unknown.h5")
    assert (found.N, found.T, found.truth_known) == (6, 12, False)
    x = sample_batch(task, 23)
    counts = np.bincount(np.append(x.tokens.reshape(-1), x.query), minlength=6) + 1.0
    assert found.mu == pytest.approx(counts / counts.sum(), rel=1e-12)


def test_a_file_is_replaced_when_asked(task, path):
    with pytest.raises(OutputError, match="exists"):
        save_samples(path, sample_batch(task, 4, 9), task=task)
    batch = sample_batch(task, 4, 9)
    save_samples(path, batch, task=task, overwrite=True)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["tokens"], batch.tokens)


def test_samples_without_a_task_say_what_to_write(path, tmp_path):
    with h5py.File(path) as file, h5py.File(tmp_path / "alone.h5", "w") as alone:
        for name in ("tokens", "query", "output"):
            alone[name] = file[name][()]
    with pytest.raises(OutputError, match=r"samples and no task: write \[task\] with N, T and Q"):
        Task.load(tmp_path / "alone.h5")


def test_wrong_samples_are_not_written(task, path, tmp_path):
    batch = sample_batch(task, 3)
    for error, options, message in (
        (DataError, {"N": 3}, "is no token"),
        (InputError, {"N": 6, "task": task}, "the task has N = 5"),
        (DataError, {"task": Task.random(5, 13, 2)}, "the task has T = 13"),
    ):
        with pytest.raises(error, match=message):
            save_samples(tmp_path / "new.h5", batch, **options)
    with pytest.raises(OutputError, match="exists"):
        save_samples(path, batch)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_all_that_is_wrong_with_a_file_is_said(path, tmp_path):
    with h5py.File(tmp_path / "bad.h5", "w") as file:
        file["tokens"] = np.zeros((4, 11))
        file["query"] = np.zeros(3, np.int64)
    with pytest.raises(DataError) as caught, opened_batches(tmp_path / "bad.h5", 12, 5):
        pass
    keys = [fault.key for fault in caught.value.faults]
    assert keys == ["output", "tokens", "tokens", "tokens", "query"]
    with pytest.raises(DataError, match="23 samples, fewer than"), opened_batches(path, 12, 24):
        pass
    with pytest.raises(OutputError, match="does not exist"), opened_batches(tmp_path / "x", 12, 5):
        pass


def test_the_fingerprint_is_of_the_content(path, tmp_path):
    copy = tmp_path / "copy.h5"
    copy.write_bytes(path.read_bytes())
    one, other = fingerprint(path), fingerprint(copy)
    assert {**one, "samples_file": ""} == {**other, "samples_file": ""}
    with h5py.File(copy, "r+") as file:
        file["tokens"][3, 3] ^= 1
    assert fingerprint(copy)["samples_sha256_of_ends"] != one["samples_sha256_of_ends"]
