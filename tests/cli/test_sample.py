"""``scbsim sample``."""

import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

from scbsim import Task, sample_batch


def same(path, batch):
    with h5py.File(path) as file:
        return all(np.array_equal(file[n][()], a) for n, a in batch._asdict().items())


def test_a_random_task(scbsim, tmp_path):
    path = tmp_path / "b.h5"
    words = ("--N", 10, "--T", 50, "--Q", 2, "--batch", 300, "--seed", 4, "--number", 2)
    result = scbsim("sample", *words, "-o", path)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{path}: 300 samples of N = 10, T = 50, Q = 2\n"
    assert same(path, sample_batch(Task.random(10, 50, 2), 300, seed=4, number=2))


def test_the_task_of_a_spec(scbsim, spec, tmp_path):
    path = tmp_path / "b.h5"
    result = scbsim("sample", spec, "-o", path, "--set", "dynamics.batch_size=20", "-q")
    assert (result.exit_code, result.output) == (0, "")
    assert same(path, sample_batch(Task.random(6, 60, 2, P_concentration=0.05), 20, seed=3))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--N", 3, "--T", 9), "--Q is missing"),
        (("quickstart", "--N", 3), "exclude each other"),
        (("--N", 3, "--T", 9, "--Q", 1, "--set", "seed=1"), "--set"),
        (("--N", 1, "--T", 9, "--Q", 1), "N"),
        (("large", "--batch", 2), "no real batches"),
    ],
)
def test_wrong_words(scbsim, fails, tmp_path, words, said):
    path = tmp_path / "b.h5"
    assert said in fails(scbsim("sample", *words, "-o", path), 2)
    assert not path.exists()


def test_what_exists_is_refused(scbsim, fails, tmp_path):
    path = tmp_path / "b.h5"
    path.touch()
    assert "exists" in fails(scbsim("sample", "--N", 3, "--T", 9, "--Q", 1, "-o", path), 2)


@pytest.mark.slow
def test_a_signal_ends_it_with_75_and_leaves_nothing(tmp_path):
    words = ("sample", "--N", "50", "--T", "100000", "--Q", "2", "--batch", "20000")
    line = [sys.executable, "-m", "scbsim", *words, "-o", str(tmp_path / "b.h5")]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while process.poll() is None and not list(tmp_path.glob("b.h5.*.tmp")):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    assert "was not written" in said
    assert out == ""
    assert list(tmp_path.iterdir()) == []
