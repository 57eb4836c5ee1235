"""A full disk ends a run plainly, loses nothing that was committed, and the run can go on."""

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from scbsim_testing.killing import contents
from scbsim_testing.needs import lacking
from scbsim_testing.patched_cli import BALLAST
from scbsim_testing.processes import ended, plain
from scbsim_testing.small_sweeps import sweep_text

import scbsim
from scbsim.spec.sweep import Sweep
from scbsim.sweep.folder import SweepFolder

SPEC = """
seed = 3
[task]
N = 6
T = 60
Q = 2
P_concentration = 0.1
[dynamics]
batch_size = 1e5
[[stage]]
steps = 250
normalize_level = 0.1
[[stage]]
steps = 360
[output]
snapshot_every = 200
checkpoint_seconds = 0
"""

# Where the disk is full, in the n-th of them, and the bytes that are left.
PLACES = [
    ("create", 1, 0),
    ("create", 1, 8192),
    ("open", 1, 0),
    ("flush", 1, 0),
    ("flush", 3, 0),
    ("flush", 8, 4096),
    ("checkpoint", 1, 0),
    ("checkpoint", 5, 4096),
    ("checkpoint", 6, 0),
    ("snapshot", 1, 0),
    ("snapshot", 2, 4096),
    ("table", 1, 0),
    ("close", 1, 0),
]
QUICK = [("create", 1, 8192)]


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    path = tmp_path_factory.mktemp("spec") / "run.toml"
    path.write_text(SPEC)
    return path


@pytest.fixture(scope="module")
def whole(spec, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run.h5"
    scbsim.simulate(scbsim.RunSpec.from_toml(spec), output=path)
    return path


@contextmanager
def disk_of(size, folder):
    """Mount a small disk."""
    folder.mkdir()
    line = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        lacking("mounting a small disk takes Linux and root")
    if subprocess.run(line, check=False, capture_output=True).returncode:
        lacking("no disk may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path):
    with disk_of("8m", tmp_path / "disk") as folder:
        yield folder


def marked(places):
    return [p if p in QUICK else pytest.param(*p, marks=pytest.mark.slow) for p in places]


@pytest.mark.parametrize(("what", "n", "left"), marked(PLACES))
def test_the_system_says_so(small_disk, tmp_path, spec, whole, what, n, left):
    """Without the guard: every error that HDF5 can meet on the way."""
    check(small_disk, tmp_path, spec, whole, (what, n, left), no_guard=True)


@pytest.mark.parametrize(
    ("what", "n", "left"),
    marked([("flush", 3, 500_000), ("checkpoint", 5, 500_000), ("snapshot", 2, 500_000)]),
)
def test_the_guard_sees_it_coming(small_disk, tmp_path, spec, whole, what, n, left):
    said = check(small_disk, tmp_path, spec, whole, (what, n, left), no_guard=False)
    assert "MB more" in said


@pytest.mark.slow
@pytest.mark.parametrize("guard", [True, False])
@pytest.mark.parametrize("how", [(), ("--copy",)])
def test_a_collection_on_a_disk_of_60_kB(tmp_path, how, guard):
    (tmp_path / "sweep.toml").write_text(sweep_text(steps=1000))
    folder = SweepFolder.made(tmp_path / "runs", Sweep.from_toml(tmp_path / "sweep.toml"))
    for run in folder.sweep.runs:
        scbsim.simulate(folder.sweep.spec_of(run), output=folder.output(run))
    with disk_of("60k", tmp_path / "disk") as disk:
        line = ["collect", folder.path, "-o", disk / "all.h5", *how]
        status, said = ended(*line, no_guard=not guard)
        assert status == 1, (status, said)
        assert f"{disk / 'all.h5'} could not be written" in plain(said)
        assert os.listdir(disk) == []


def check(disk, tmp_path, spec, whole, full_at, *, no_guard):
    path, told = disk / "run.h5", tmp_path / "told"
    line = ["run", spec, "-o", path, "--quiet", "--threads", 1]
    status, said = ended(*line, full_at=full_at, no_guard=no_guard, told=str(told))
    assert status == 1, (status, said)
    assert str(path) in plain(said)
    sure = max(map(int, told.read_text().split())) if told.exists() else 0
    if path.exists():
        there, right = scbsim.load(path), scbsim.load(whole)
        assert there.sizes["step"] >= sure
        for name in scbsim.observables.NAMES:
            n = there.sizes["step"]
            assert there[name].values.tobytes() == right[name].values[:n].tobytes()
    else:
        assert sure == 0
    assert not list(disk.glob("*.tmp"))
    (disk / BALLAST).unlink()
    status, said_then = ended(*line, "--resume")
    assert (status, said_then) == (0, "")
    assert contents(path) == contents(whole)
    assert os.listdir(disk) == ["run.h5"]
    return said
