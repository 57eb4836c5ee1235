"""What rank 0 finds of a file that is taken up is so on all ranks."""

import os
import signal

import h5py
import pytest
from scbsim_testing.killing import contents
from scbsim_testing.processes import child, pids_of, wait_until
from scbsim_testing.ranks import beside, ended, launched

import scbsim
from scbsim.task.file import write_arrays

SPEC = """
[task]
from = "task.h5"
[dynamics]
batch_size = 1e5
engine = "dense"
[[stage]]
steps = 20
"""
TASK = {"N": 7, "T": 2100, "Q": 2, "P_concentration": 0.1}


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(SPEC)
    write_arrays(tmp_path / "task.h5", scbsim.Task.random(**TASK))
    return path


@pytest.fixture
def path(spec, tmp_path):
    """A run that was stopped."""
    path = tmp_path / "out" / "run.h5"
    scbsim.simulate(scbsim.RunSpec.from_toml(spec), output=path, stop=lambda: True)
    return path


def files(path):
    return {name: path.with_name(name).read_bytes() for name in [path.name, *beside(path)]}


@pytest.mark.slow
def test_a_signal_while_the_file_is_checked(spec, path, tmp_path):
    before = files(path)
    pids = tmp_path / "pids"
    pids.mkdir()
    process = launched(
        *(2, "patched_ranks.py", "run", spec, "-o", path, "-q", "--resume"),
        check=child("time.sleep(1000)"),
        pids=str(pids),
    )
    try:
        wait_until(lambda: (pids / "0").exists() and (pids / "1").exists(), process)
        wait_until(lambda: len(checking(path)) == 1, process)
        for rank in "01":
            os.kill(int((pids / rank).read_text()), signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 75, said
    assert said.count("was checked; it is as it was") == 1
    assert checking(path) == []
    assert files(path) == before
    assert ended(2, "patched_ranks.py", "run", spec, "-o", path, "-q", "--resume") == (0, "")
    whole = path.with_name("whole.h5")
    scbsim.simulate(scbsim.RunSpec.from_toml(spec), output=whole)
    assert contents(path) == contents(whole)


def checking(path):
    """The processes that check the file; the ranks have it on their lines, too."""
    return [pid for pid in pids_of(path) if b"\0-P\0" in line(pid)]


def line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


@pytest.mark.slow
def test_a_check_that_is_killed(spec, path):
    before = files(path)
    status, said = ended(
        *(2, "patched_ranks.py", "run", spec, "-o", path, "-q", "--resume"),
        check=child("os.kill(os.getpid(), signal.SIGKILL)"),
    )
    assert status == 1, said
    assert said.count("could not be checked") == 1
    assert files(path) == before


@pytest.mark.slow
@pytest.mark.parametrize("damaged", [False, True])
def test_another_task(spec, path, tmp_path, damaged):
    if damaged:
        path.write_bytes(path.read_bytes()[:-5000])
    before = files(path)
    write_arrays(tmp_path / "task.h5", scbsim.Task.random(**TASK, seed=1))
    status, said = ended(2, "patched_ranks.py", "run", spec, "-o", path, "-q", "--resume")
    assert status == 2, said
    assert said.count("P, q_positions and q_weights differ") == 1
    assert files(path) == before


@pytest.mark.slow
def test_a_damaged_file(spec, path):
    path.write_bytes(path.read_bytes()[:-5000])
    status, said = ended(2, "patched_ranks.py", "run", spec, "-o", path, "-q", "--resume")
    assert status == 0, said
    assert "is damaged" in said
    with h5py.File(path) as file:
        assert file.attrs["lacks_steps_before"] == 1
        assert file["trajectory/step"][:].tolist() == list(range(1, 21))
    assert beside(path) == ["run.h5.corrupt"]
