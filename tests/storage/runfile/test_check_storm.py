"""Signals and kills at random moments of a resume's check: nothing sound is put aside or lost."""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import pytest
from scbsim_testing.killing import contents
from scbsim_testing.processes import pids_of

import scbsim
from scbsim.storage.runfile.status import run_status

SPEC = """
[task]
N = 6
T = 60
Q = 2
P_concentration = 0.05
[dynamics]
engine = "collapsed"
rule = "sgd"
batch_size = 1e8
[[stage]]
steps = 150000
"""
STOPPED_AT = 100_000
TRIALS = 16


def to_group(process, _path, number):
    os.killpg(process.pid, number)


def to_child(_process, path, number):
    for pid in checking(path):
        os.kill(pid, number)


def held_child(process, path, number):
    """The child stands still, and then the group hears a signal."""
    to_child(process, path, signal.SIGSTOP)
    os.killpg(process.pid, number)


BLOWS = [
    (to_group, signal.SIGINT),
    (to_group, signal.SIGTERM),
    (to_group, signal.SIGUSR1),
    (to_group, signal.SIGKILL),
    (to_child, signal.SIGKILL),
    (to_child, signal.SIGSEGV),
    (held_child, signal.SIGTERM),
    (held_child, signal.SIGKILL),
]


def checking(path):
    """The process that checks a file."""
    return [pid for pid in pids_of(path) if is_child(pid)]


def is_child(pid):
    try:
        return b"runfile.check" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@pytest.fixture
def folder():
    """In memory, where there is a file system of that kind: the file is copied many times."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def line(folder):
    (folder / "spec.toml").write_text(SPEC)
    return [sys.executable, "-m", "scbsim", "run", str(folder / "spec.toml"), "-q", "-o"]


def in_one_of_its_own(line, path):
    return subprocess.Popen(
        [*line, str(path), "--resume"], stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def is_checking(process, path):
    """Return whether a process has one that checks a file; to ask all processes takes longer."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        return bool(checking(path))
    return any(is_child(pid) for pid in children.read_text().split())


def started_checking(process, path):
    """Wait until a run's check has begun."""
    deadline = monotonic() + 60
    while not is_checking(process, path):
        assert process.poll() is None, process.communicate()
        assert monotonic() < deadline
        sleep(0.002)


def length_of_check(line, path):
    """Resume undisturbed; return for how many seconds the file is checked."""
    process = in_one_of_its_own(line, path)
    started_checking(process, path)
    began = monotonic()
    while is_checking(process, path):
        sleep(0.002)
    length = monotonic() - began
    process.communicate(timeout=120)
    return length


def struck(line, path, blow, number, delay):
    """Resume, strike after a while of the check, and return how it ended."""
    process = in_one_of_its_own(line, path)
    try:
        started_checking(process, path)
        sleep(delay)
        blow(process, path, number)
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
        for pid in checking(path):
            os.kill(pid, signal.SIGKILL)
    return process.returncode, said


@pytest.mark.slow
def test_nothing_sound_is_put_aside(folder, line):
    storm(folder, line, TRIALS)


def storm(folder, line, trials):
    rng = random.Random(0)
    whole, pristine = folder / "whole.h5", folder / "pristine"
    spec = scbsim.RunSpec.from_toml(folder / "spec.toml")
    scbsim.simulate(spec, output=whole)
    path = pristine / "run.h5"
    scbsim.simulate(spec, output=path, stop=lambda: rows(path) >= STOPPED_AT)
    before = {each.name: each.read_bytes() for each in pristine.iterdir()}
    assert set(before) == {"run.h5", "run.h5.ckpt"}
    shutil.copytree(pristine, folder / "undisturbed")
    length = length_of_check(line, folder / "undisturbed" / "run.h5")
    during = 0
    for trial in range(trials):
        there = folder / f"trial{trial}"
        shutil.copytree(pristine, there)
        blow, number = BLOWS[trial % len(BLOWS)]
        status, said = struck(line, there / "run.h5", blow, number, rng.uniform(0, length))
        assert status in (0, 1, 75, -signal.SIGKILL), (blow, number, said)
        assert not list(there.glob("*.corrupt*")), (blow, number, said)
        (there / "run.h5.lock").unlink(missing_ok=True)
        after = {each.name: each.read_bytes() for each in there.iterdir()}
        if after == before:
            during += 1
        if trial % 4 == 3 or after != before:
            scbsim.simulate(spec, output=there / "run.h5", resume=True)
            assert contents(there / "run.h5") == contents(whole)
            assert [each.name for each in there.iterdir()] == ["run.h5"]
        shutil.rmtree(there)
    assert during >= trials // 4


def rows(path):
    return run_status(path).step if path.exists() else 0
