"""One run over many ranks on a real Slurm, which is preempted, cancelled, killed and goes on."""

import os

import pytest
from scbsim_testing.killing import contents
from scbsim_testing.ranks import mpiexec

pytestmark = pytest.mark.slow

SPEC = """
seed = 4
[task]
N = 7
T = 2100
Q = 2
P_concentration = 0.1
[dynamics]
batch_size = 1e6
engine = "dense"
[[stage]]
steps = {steps}
[output]
every = 2
checkpoint_seconds = 0.2
"""
TWO_NODES = ("--nodes", 2)
THREE_RANKS = ("--ntasks-per-node", 3, "--partition", "many")


@pytest.fixture
def shared(submitted):
    """Submits a run of so many steps, 10 ms each, that is shared out over ranks."""
    mpiexec()

    def submit(steps, *words):
        return submitted(SPEC.format(steps=steps), *words)

    return submit


def check_complete(run, ranks):
    run.until_gone()
    assert run.states() == {"run": "complete"}
    words = run.do("info", run.output())
    assert f"{ranks} ranks" in words
    assert [each.name for each in run.output().parent.glob("run.h5.*")] == []
    assert contents(run.output()) == contents(run.run_here() / "run/run.h5")


def until_checkpointed(run, step):
    """Wait until it has come further than that, with a checkpoint of two generations."""
    older = run.output().with_name("run.h5.ckpt.1")
    run.slurm.until(lambda: older.exists() and run.step() > step, 120)


def until_back(run, before):
    """Wait until its job is back in the queue, where it was put ``before`` times until now.

    The number of times is counted from there: MPICH sometimes fails when two nodes start, and
    such a job goes back by itself, as one that lost a rank.
    """
    waits = ("squeue", "-h", "-t", "PD", "-j", run.job)
    run.slurm.until(lambda: run.slurm.said(*waits) and run.slurm.restarts(run.job) > before, 60)


def test_two_ranks_on_two_nodes_are_preempted_and_then_lose_one(slurm, shared):
    run = shared(500, *TWO_NODES)
    until_checkpointed(run, 0)
    assert run.states() == {"run": "running"}
    before = slurm.restarts(run.job)
    slurm.signal(run.job, "USR1")
    until_back(run, before)
    assert run.states() == {"run": "queued"}
    until_checkpointed(run, run.step())
    before = slurm.restarts(run.job)
    slurm.lose_node("n2")
    until_back(run, before)
    assert "nothing to submit" in run.do("submit", "s.toml", "-o", "d", *TWO_NODES)
    slurm.start_node("n2")
    check_complete(run, 2)


def test_three_ranks_find_one_another_or_say_how_and_are_killed_and_cancelled(slurm, shared):
    run = shared(400, *THREE_RANKS, "--srun-mpi", "none")
    run.until_gone()
    [found] = run.status()["runs"]
    assert found["state"] == "failed"
    assert "SLURM_STEP_NUM_TASKS says 3 processes, but MPI has found 1 rank" in found["note"]
    assert "scbsim submit has --srun-mpi" in found["note"]
    run.resubmit("--srun-mpi", "pmi2")
    until_checkpointed(run, 0)
    before = slurm.restarts(run.job)
    os.kill(slurm.ranks()[1], 9)
    until_back(run, before)
    until_checkpointed(run, run.step())
    assert f"cancelled: 1 task of job {run.job}" in run.do("cancel", "d")
    run.until_gone()
    assert run.states() == {"run": "stopped"}
    run.resubmit()
    check_complete(run, 3)
