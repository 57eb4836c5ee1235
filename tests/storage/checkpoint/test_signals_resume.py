"""Signals, kills, second writers and readers of command lines in processes of their own."""

import signal
import subprocess
import sys
from contextlib import contextmanager

import h5py
import pytest
from scbsim_testing.killing import contents
from scbsim_testing.processes import WarmRun, committed, ended, plain, wait_until

import scbsim

SPEC = """
seed = 4
[task]
N = 6
T = 60
Q = 2
P_concentration = 0.1
[dynamics]
engine = "dense"
batch_size = 1e5
[[stage]]
steps = 250
normalize_level = 0.1
[[stage]]
steps = 351
[output]
every = 2
snapshot_every = 200
checkpoint_seconds = 0.2
"""

# The whole run then lasts three seconds at the least, in blocks of a twentieth.
SLOW = {"slow": 0.005, "block": 10}


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


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out" / "run.h5"


@contextmanager
def running(spec, path, rows, *more):
    """A slow run that has recorded so many rows, and is still at it."""
    process = WarmRun("run", spec, "-o", path, "-q", *more, **SLOW)
    try:
        wait_until(lambda: committed(path) >= rows, process)
        yield process
    finally:
        process.kill()
        process.wait()


def check_whole(path, whole):
    assert contents(path) == contents(whole)
    assert [file.name for file in path.parent.iterdir()] == ["run.h5"]


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGUSR1, marks=pytest.mark.slow),
    ],
)
def test_a_signal_and_on_again(spec, whole, path, number):
    with running(spec, path, 1) as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    assert "--resume" in plain(said)
    stopped = scbsim.load(path)
    assert stopped.attrs["status"] == "stopped"
    assert path.with_name("run.h5.ckpt").exists()
    assert not path.with_name("run.h5.lock").exists()
    assert ended("run", spec, "-o", path, "-q", "--resume") == (0, "")
    check_whole(path, whole)


@pytest.mark.slow
def test_two_signals_stop_at_once(spec, whole, path):
    """Even so the file is whole, and the run goes on from its last checkpoint."""
    with running(spec, path, 1) as process:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    plain(said)
    assert ended("run", spec, "-o", path, "-q", "--resume") == (0, "")
    check_whole(path, whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    "rows", [60, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 25, 120, 200))]
)
def test_a_kill_with_a_watcher_beside(spec, whole, path, rows):
    with running(spec, path, 1) as process:
        line = [sys.executable, "-m", "scbsim", "watch", str(path), "--every", "0.1"]
        watch = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: committed(path) >= rows, process)
        process.kill()
        process.wait()
        before = committed(path)
        seen, said = watch.communicate(timeout=60)
    assert watch.returncode == 0, said
    assert "--resume" in seen
    assert scbsim.load(path).sizes["step"] == before >= rows
    assert ended("run", spec, "-o", path, "-q", "--resume") == (0, "")
    check_whole(path, whole)


def test_a_second_writer_is_kept_out(spec, whole, path):
    with running(spec, path, 1) as process:
        # It holds its lock while it stands still, and cannot end before the others have begun.
        process.send_signal(signal.SIGSTOP)
        for how in ("--resume", "--overwrite"):
            status, said = ended("run", spec, "-o", path, "-q", how)
            assert status == 1, said
            assert f"process {process.pid}" in plain(said)
        assert process.poll() is None
        process.send_signal(signal.SIGCONT)
        assert process.wait(60) == 0
    check_whole(path, whole)


@pytest.mark.slow
@pytest.mark.parametrize("swmr", [False, True])
def test_a_reader_blocks_neither_a_run_nor_its_resumption(spec, whole, path, swmr):
    """HDF5's own locks are on in the reader: what people have open in a notebook."""
    with running(spec, path, 1) as process:
        with h5py.File(path, "r", swmr=True, locking=True) as live:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            assert process.returncode == 75
            live["trajectory/step"].id.refresh()
        with h5py.File(path, "r", swmr=swmr, locking=True) as reader:
            assert ended("run", spec, "-o", path, "-q", "--resume") == (0, "")
            assert reader["trajectory/step"][0] == 0
    check_whole(path, whole)


@pytest.mark.slow
def test_a_longer_last_stage(spec, whole, path):
    assert ended("run", spec, "-o", path, "-q", "--set", "stage.1.steps=100") == (0, "")
    assert scbsim.load(path).sizes["step"] == 176
    assert ended("run", spec, "-o", path, "-q", "--resume") == (0, "")
    check_whole(path, whole)


@pytest.mark.slow
def test_a_longer_last_stage_of_a_stopped_run(spec, whole, path):
    with running(spec, path, 140, "--set", "stage.1.steps=341") as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 75
    assert ended("run", spec, "-o", path, "-q", "--resume") == (0, "")
    check_whole(path, whole)


@pytest.mark.slow
def test_a_complete_run_is_left_alone(spec, whole, tmp_path):
    path = tmp_path / "run.h5"
    path.write_bytes(whole.read_bytes())
    before = path.stat()
    assert ended("run", spec, "-o", path, "-q", "--resume")[0] == 0
    after = path.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    check_whole(path, whole)


@pytest.mark.slow
def test_another_spec_is_named(spec, path):
    with running(spec, path, 1) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 75
    held = path.read_bytes()
    changes = ["--set", "seed=5", "--set", "stage.0.rate_A=0.3"]
    status, said = ended("run", spec, "-o", path, "-q", "--resume", *changes)
    assert status == 2
    assert "seed is 4 there and 5 here" in plain(said)
    assert "stage.0.rate_A" in said
    assert path.read_bytes() == held


@pytest.mark.slow
def test_an_output_that_exists_is_not_touched(spec, whole, tmp_path):
    path = tmp_path / "run.h5"
    path.write_bytes(whole.read_bytes())
    assert ended("run", spec, "-o", path, "-q")[0] == 2
    check_whole(path, whole)
