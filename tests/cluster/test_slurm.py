"""Sweeps on a real Slurm of two nodes, where runs are preempted, cancelled and die."""

import os
from time import sleep

import pytest
import xarray as xr
from scbsim_testing.small_sweeps import collected, ended, sweep_text

pytestmark = pytest.mark.slow

# Of 10 ms each, in jobs.
LONG = {"steps": 400, "every": 2, "engine": "dense"}
ENDLESS = {**LONG, "steps": 10**6}


def test_sixty_runs_with_a_node_killed_and_a_job_preempted(slurm, submitted):
    text = sweep_text(
        'product = {"seed" = "0:20", "init.alpha_A" = [0.1, 0.2, 0.3]}',
        steps=50,
        engine="dense",
    )
    # In more tasks than the largest array takes, so in two.
    sweep = submitted(text, "--runs-per-task", 5)
    doomed = {}

    def halfway():
        """Find a task on each node that is in the middle of its runs."""
        doomed.clear()
        # All that is on file is read for the states of runs: not before that can be so.
        if len([*(sweep.folder / "d").glob("*/run.h5")]) < 20:
            return False
        found = sweep.status()
        if found["counts"].get("complete", 0) < 20:
            return False
        for task, node in sweep.running().items():
            states = [run["state"] for run in found["runs"] if run["job"] == task]
            if "running" in states and states.count("queued") >= 2:
                doomed[node] = task
        return set(doomed) == {"n1", "n2"}

    slurm.until(halfway, 300)
    slurm.lose_node("n1")
    slurm.signal(doomed["n2"], "USR1")
    assert "nothing to submit" in sweep.do("submit", "s.toml", "-o", "d")
    slurm.start_node("n1")
    sweep.until_gone(600)
    assert sweep.status()["counts"] == {"complete": 60}
    assert all(slurm.restarts(task) for task in doomed.values())
    xr.testing.assert_identical(*sweep.locally())


def test_a_preempted_a_requeued_and_a_terminated_run_go_on_to_the_same_bits(slurm, submitted):
    sweep = submitted(sweep_text(**LONG))
    sweep.until_begun("seed=0", "seed=1", "seed=2")
    slurm.signal(f"{sweep.job}_0", "USR1")
    slurm.said("scontrol", "requeue", f"{sweep.job}_1")
    slurm.signal(f"{sweep.job}_2", "TERM")
    slurm.until(lambda: set(sweep.states().values()) == {"queued"}, 60)
    assert "nothing to submit" in sweep.do("submit", "s.toml", "-o", "d")
    before = [sweep.step(f"seed={i}") for i in range(3)]
    assert all(0 < step < LONG["steps"] for step in before)
    sweep.until_gone()
    assert set(sweep.states().values()) == {"complete"}
    xr.testing.assert_identical(*sweep.locally())


def test_what_slurm_finds_out_by_itself_a_lost_node_and_that_time_is_up(
    slurm, submitted, tmp_path_factory
):
    long = {**LONG, "steps": 800}
    lost = submitted(sweep_text('product = {"seed" = [0]}', checkpoint_seconds=0.2, **long))
    lost.until_begun("seed=0")
    slurm.until((lost.folder / "d/seed=0/run.h5.ckpt").exists, 60)
    node, other = ("n1", "n2") if "n1" in lost.running().values() else ("n2", "n1")
    overdue = submitted(
        *(sweep_text("", **ENDLESS), "--sbatch", f"nodelist={other}"),
        folder=tmp_path_factory.mktemp("overdue"),
    )
    overdue.until_begun("run")
    slurm.kill_node(node)
    # Its end is nearer then than the signal is to come before it.
    slurm.said("scontrol", "update", f"JobId={overdue.job}", "TimeLimit=1")

    slurm.until(lambda: slurm.restarts(overdue.job), 90)
    before = overdue.step("run")
    assert overdue.states() == {"run": "queued"}
    slurm.until(lambda: overdue.step("run") > before > 0, 60)
    overdue.do("cancel", "d")

    # It runs on the other node.
    lost.until_gone(180)
    slurm.start_node(node)
    assert slurm.restarts(lost.job) == 1
    assert lost.states() == {"seed=0": "complete"}
    xr.testing.assert_identical(*lost.locally())


def test_a_cancelled_sweep_stops_with_checkpoints_and_takes_no_other_along(
    slurm, submitted, tmp_path_factory
):
    other = submitted(sweep_text("", **ENDLESS), folder=tmp_path_factory.mktemp("other"))
    sweep = submitted(sweep_text('product = {"seed" = "0:5"}', **LONG))
    sweep.until_begun("seed=0", "seed=1", "seed=2")
    other.until_begun("run")
    assert f"cancelled: 5 tasks of job {sweep.job}" in sweep.do("cancel", "d")
    slurm.until(lambda: len(slurm.said("squeue", "-h", "-r").splitlines()) == 1, 60)
    assert sweep.status()["counts"] == {"stopped": 3, "missing": 2}
    assert other.states() == {"run": "running"}
    assert "none of its jobs is in the queue" in sweep.do("cancel", "d")
    assert "submitted: 3 runs in 3 tasks" in sweep.do("resubmit", "d", "--failed")
    assert "submitted: 2 runs in 2 tasks" in sweep.do("submit", "s.toml", "-o", "d")
    assert "nothing to submit" in sweep.do("resubmit", "d")
    said = sweep.do("collect", "d", "-o", "all.h5", status=2)
    assert "5 of 5 runs are not finished" in said
    other.do("cancel", "d")
    sweep.until_gone()
    assert set(sweep.states().values()) == {"complete"}
    xr.testing.assert_identical(*sweep.locally())


def test_a_run_that_fails_is_named_and_submitted_again(slurm, submitted, tmp_path):
    (tmp_path / "one.toml").write_text(sweep_text(""))
    assert ended("run", "one.toml", "-o", "a.h5", cwd=tmp_path)[0] == 0
    text = (
        "[dynamics]\nengine='collapsed'\nrule='sgd'\n[[stage]]\nsteps = 30\n"
        "[sweep]\nproduct = {'task.from' = ['a.h5', 'b.h5'], seed = [0, 1]}\n"
    )
    sweep = submitted(text, "--runs-per-task", 4)
    sweep.until_gone()
    states = ["complete"] * 2 + ["failed"] * 2
    assert list(sweep.states().values()) == states
    notes = [run["note"] for run in sweep.status()["runs"] if run["state"] == "failed"]
    assert all(str(tmp_path / "b.h5") in note for note in notes)
    assert "2 of 4 runs are not finished" in sweep.do("collect", "d", "-o", "all.h5", status=2)
    sweep.do("collect", "d", "-o", "part.h5", "--partial")
    assert collected(tmp_path / "part.h5")["status"].values.tolist() == [[1, 1], [3, 3]]
    os.link(tmp_path / "a.h5", tmp_path / "b.h5")
    assert "submitted: 2 runs in 1 task" in sweep.do("resubmit", "d", "--failed")
    sweep.until_gone()
    assert set(sweep.states().values()) == {"complete"}
    xr.testing.assert_identical(*sweep.locally())


def test_a_submission_that_was_interrupted_is_noticed(slurm, submitted):
    sweep = submitted(sweep_text(**LONG))
    (sweep.folder / "d/jobs.json").unlink()
    said = f"job {sweep.job} of this sweep is in the queue, but not in jobs.json"
    assert said in sweep.status()["note"]
    assert said in sweep.do("submit", "s.toml", "-o", "d", status=1)
    sweep.do("cancel", "d")
    sweep.until_gone()
    assert "submitted: 3 runs" in sweep.do("submit", "s.toml", "-o", "d")


@pytest.mark.parametrize("seconds", [0, 0.3])
def test_a_signal_before_a_single_run_can_answer_is_not_its_end(seconds, slurm, submitted):
    sweep = submitted(sweep_text(""))
    slurm.until(slurm.has_begun, 60)
    sleep(seconds)
    slurm.signal(sweep.job, "TERM")
    slurm.signal(sweep.job, "USR1")
    sweep.until_gone()
    assert sweep.states() == {"run": "complete"}
    xr.testing.assert_identical(*sweep.locally())
