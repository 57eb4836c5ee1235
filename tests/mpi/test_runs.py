"""Runs over ranks that are killed, stopped, taken up by others, or not to be had."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from scbsim_testing.killing import contents
from scbsim_testing.processes import committed, plain, wait_until
from scbsim_testing.ranks import beside, ended, launched

import scbsim

SPEC = """
seed = 4
[task]
N = 7
T = 2100
Q = 2
P_concentration = 0.1
[dynamics]
batch_size = 1e5
engine = "dense"
[[stage]]
steps = 50
normalize_level = 0.1
[[stage]]
steps = 151
[output]
every = 2
checkpoint_seconds = 0.2
"""
SLOW = {"slow": 0.02}


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
def running(size, spec, path, *more):
    """A slow run that has kept two checkpoints and is at it, and the processes of its ranks."""
    pids = path.parent.parent / "pids"
    pids.mkdir()
    process = launched(
        size, "patched_ranks.py", "run", spec, "-o", path, "-q", *more, pids=str(pids), **SLOW
    )
    try:
        wait_until(path.with_name("run.h5.ckpt.1").exists, process)
        wait_until(lambda: committed(path) >= 1, process)
        yield process, [int((pids / str(rank)).read_text()) for rank in range(size)]
    finally:
        process.kill()
        process.wait()


def resume(size, spec, path, *more):
    """Resume with so many ranks; with none, without MPI."""
    words = ("run", spec, "-o", path, "-q", "--resume", *more)
    if size:
        return ended(size, "patched_ranks.py", *words)
    line = [sys.executable, "-m", "scbsim", *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def check_whole(path, whole):
    assert contents(path) == contents(whole)
    assert beside(path) == []


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 2, 3, 1])
def test_a_rank_is_killed_and_others_go_on(size, spec, whole, path):
    with running(3, spec, path) as (process, pids):
        os.kill(pids[1], signal.SIGKILL)
        process.communicate(timeout=60)
    assert process.returncode != 0
    assert scbsim.load(path).attrs["status"] == "running"
    assert len([name for name in beside(path) if ".ckpt.g" in name]) >= 6
    assert resume(size, spec, path) == (0, "")
    check_whole(path, whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "which"),
    [
        (signal.SIGTERM, slice(1, 2)),
        (signal.SIGUSR1, slice(None)),
        (signal.SIGTERM, slice(0, 1)),
    ],
)
def test_a_signal_to_any_rank_stops_all_with_a_checkpoint(number, which, spec, whole, path):
    with running(2, spec, path) as (process, pids):
        for pid in pids[which]:
            os.kill(pid, number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    assert "--resume" in said
    stopped = scbsim.load(path)
    assert stopped.attrs["status"] == "stopped"
    assert not path.with_name("run.h5.lock").exists()
    assert resume(3, spec, path) == (0, "")
    check_whole(path, whole)


@pytest.mark.slow
def test_a_damaged_or_missing_shard_is_no_state_and_the_one_before_is(spec, whole, path):
    with running(3, spec, path) as (process, pids):
        os.kill(pids[2], signal.SIGKILL)
        process.communicate(timeout=60)
    generations = sorted({int(name.split(".")[-2][1:]) for name in shards(path)})
    for generation in generations[1:]:
        shard = path.with_name(f"run.h5.ckpt.g{generation}.r1")
        if shard.exists():
            content = bytearray(shard.read_bytes())
            content[-100] ^= 1
            shard.write_bytes(content)
    assert resume(2, spec, path) == (0, "")
    check_whole(path, whole)


def shards(path):
    return [name for name in beside(path) if ".ckpt.g" in name]


@pytest.mark.slow
def test_a_run_without_mpi_goes_on_with_it_and_further(spec, whole, path):
    """From its checkpoint in one piece, then from its last state."""
    words = ["--set", "stage.1.steps=100"]
    assert resume(0, spec, path, *words) == (0, "")
    assert resume(2, spec, path) == (0, "")
    check_whole(path, whole)


@pytest.mark.slow
def test_a_damaged_file_goes_on_from_the_shards(spec, whole, path):
    with running(2, spec, path) as (process, pids):
        os.kill(pids[0], signal.SIGTERM)
        process.communicate(timeout=60)
    with path.open("r+b") as file:
        file.truncate(5000)
    status, said = resume(3, spec, path)
    assert status == 0
    assert "is damaged" in said
    found, right = scbsim.load(path), scbsim.load(whole)
    assert found.attrs["status"] == "complete"
    last = {name: found[name].values[-1] for name in ("step", "alpha_A", "delta_A", "loss")}
    assert last == {name: right[name].values[-1] for name in last}
    assert beside(path) == ["run.h5.corrupt"]


@pytest.mark.slow
def test_a_run_starts_from_another(spec, whole, path):
    words = ["--set", f"init.from={whole}", "--set", "task.seed=3"]
    alone = path.with_name("alone.h5")
    assert resume(0, spec, alone, *words) == (0, "")
    assert resume(3, spec, path, *words) == (0, "")
    assert contents(path) == contents(alone)


@pytest.mark.slow
def test_one_rank_without_room_ends_all_and_the_checkpoint_before_stays(spec, whole, path):
    status, said = ended(2, "patched_ranks.py", "run", spec, "-o", path, "-q", fail=[1, 2], **SLOW)
    assert status == 1
    assert said.count("needs more room") == 1
    assert "Traceback" not in said
    assert scbsim.load(path).attrs["status"] == "failed"
    assert resume(2, spec, path) == (0, "")
    check_whole(path, whole)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_what_one_rank_alone_meets_ends_the_others(rank, spec, whole, path):
    words = ("run", spec, "-o", path, "-q")
    status, said = ended(2, "patched_ranks.py", *words, **{"break": [rank, 100]}, **SLOW)
    assert status == 1
    assert said.count("its machine is on fire") == 1
    assert f"rank {rank}, which ends all others" in said
    assert "Traceback" not in said
    assert resume(3, spec, path) == (0, "")
    check_whole(path, whole)


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("dynamics.engine=sparse", '"sparse" cannot be shared over ranks'),
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in (
                ("dynamics.replicas=3", "3 replicas cannot be shared over ranks"),
                ("output.snapshot_every=5", "keeps no snapshots"),
                ("task.N=2", "3 ranks: the columns of A are shared out"),
            )
        ),
    ],
)
def test_what_cannot_be_shared_is_said_once_and_leaves_no_file(word, fault, spec, path):
    status, said = ended(3, "patched_ranks.py", "run", spec, "-o", path, "--set", word)
    assert status == 2
    assert said.count(fault) == 1
    assert "Traceback" not in said
    assert not path.parent.exists()


@pytest.mark.slow
def test_processes_that_do_not_find_one_another_are_told_how_to_launch(spec, path):
    """As under a launcher of another MPI: each would be a world of its own."""
    alone = {k: v for k, v in os.environ.items() if not k.startswith(("PMI", "OMPI", "SLURM"))}
    line = [sys.executable, "-m", "scbsim", "run", str(spec), "-o", str(path)]
    for rank, count in (("0", 1), ("1", 0)):
        env = {**alone, "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": rank}
        done = subprocess.run(line, capture_output=True, text=True, check=False, env=env)
        assert done.returncode == 2
        assert (
            done.stderr.count("SLURM_STEP_NUM_TASKS says 2 processes, but MPI has found 1 rank")
            == count
        )
        assert done.stderr.count("mpiexec -n 2 scbsim run") == count
    plain(done.stderr or "nothing")
    assert not Path(path).exists()
