"""Sweeps on a real Slurm of two nodes, where runs are preempted, cancelled and die."""

import json
import os
import re

import pytest
import xarray as xr
from small_sweeps import collected, ended, sweep_text

from scbsim.storage.glance import glance

pytestmark = pytest.mark.slow


class Submitted:
    """A sweep in a folder, as seen by the commands."""

    def __init__(self, slurm, folder, text, *words):
        self.slurm = slurm
        self.folder = folder
        (folder / "s.toml").write_text(text)
        self.job = self.submit(*words)

    def do(self, *words, status=0):
        code, said = ended(*words, cwd=self.folder)
        assert code == status, said
        return said

    def submit(self, *words):
        said = self.do("submit", "s.toml", "-o", "d", *words)
        return re.search(r"job (\d+)", said)[1]

    def status(self):
        return json.loads(self.do("status", "d", "--json"))

    def states(self):
        return {run["name"]: run["state"] for run in self.status()["runs"]}

    def running(self):
        """The tasks that run, and the node of each."""
        return self.slurm.said("squeue", "-h", "-r", "-t", "R", "-o", "%F_%K %N").splitlines()

    def step(self, name):
        path = self.folder / "d" / name / "run.h5"
        return glance(path).step if path.exists() else 0

    def until_begun(self, *names):
        self.slurm.until(lambda: all(self.step(name) > 0 for name in names), 120)

    def until_gone(self, seconds=300):
        return self.slurm.until(lambda: not self.slurm.said("squeue", "-h", "-r"), seconds)

    def locally(self):
        """Run the same on this machine, and return both collections."""
        self.do("sweep", "s.toml", "-o", "local", "--quiet")
        for name in ("d", "local"):
            self.do("collect", name, "-o", f"{name}.h5")
        return [collected(self.folder / f"{name}.h5") for name in ("d", "local")]


@pytest.fixture
def submitted(slurm, tmp_path):
    def submit(text, *words):
        return Submitted(slurm, tmp_path, text, *words)

    yield submit
    slurm.said("scancel", "--user=root")
    slurm.until(lambda: not slurm.said("squeue", "-h"), 120)


LONG = {"steps": 600_000, "every": 1000, "engine": "dense"}


def test_sixty_runs_with_a_node_killed_and_a_job_preempted(slurm, submitted):
    text = sweep_text(
        'product = {"seed" = "0:20", "init.alpha_A" = [0.1, 0.2, 0.3]}',
        steps=100_000,
        every=1000,
        engine="dense",
    )
    sweep = submitted(text, "--runs-per-task", 5)
    doomed = {}

    def halfway():
        """Find a job on each node that is in the middle of its runs."""
        doomed.clear()
        found = sweep.status()
        if found["counts"].get("complete", 0) < 20:
            return False
        where = [line.split() for line in sweep.running()]
        states = {job: [] for job, _ in where}
        for run in found["runs"]:
            states.setdefault(run["job"], []).append(run["state"])
        for job, node in where:
            if "running" in states[job] and states[job].count("queued") >= 2:
                doomed[node] = job
        return set(doomed) == {"n1", "n2"}

    slurm.until(halfway, 300)
    slurm.kill_node("n1")
    slurm.said("scancel", "--signal=USR1", doomed["n2"])
    assert "nothing to submit" in sweep.do("submit", "s.toml", "-o", "d")
    slurm.until(lambda: "down" in slurm.node_states()[0], 120)
    slurm.start_node("n1")
    sweep.until_gone(600)
    assert sweep.status()["counts"] == {"complete": 60}
    logs = "".join(path.read_text() for path in (sweep.folder / "d/slurm").glob("*.out"))
    assert f"Requeued job {doomed['n2']}" in logs
    for job in doomed.values():
        # More than twice where scancel, told to try later, sends its signal again.
        assert logs.count(f"Starting with JobEnvironment(job_id={job},") >= 2
    xr.testing.assert_identical(*sweep.locally())


def test_a_preempted_a_requeued_and_a_terminated_run_go_on_to_the_same_bits(slurm, submitted):
    sweep = submitted(sweep_text(**LONG))
    sweep.until_begun("seed=0", "seed=1", "seed=2")
    slurm.said("scancel", "--signal=USR1", f"{sweep.job}_0")
    slurm.said("scontrol", "requeue", f"{sweep.job}_1")
    slurm.said("scancel", "--signal=TERM", f"{sweep.job}_2")
    slurm.until(lambda: set(sweep.states().values()) == {"queued"}, 60)
    assert "nothing to submit" in sweep.do("submit", "s.toml", "-o", "d")
    before = [sweep.step(f"seed={i}") for i in range(3)]
    assert all(0 < step < LONG["steps"] for step in before)
    sweep.until_gone()
    assert set(sweep.states().values()) == {"complete"}
    xr.testing.assert_identical(*sweep.locally())


def test_a_lost_node_costs_what_came_after_the_last_checkpoint(slurm, submitted):
    sweep = submitted(sweep_text('product = {"seed" = [0]}', checkpoint_seconds=0.5, **LONG))
    sweep.until_begun("seed=0")
    slurm.until((sweep.folder / "d/seed=0/run.h5.ckpt").exists, 60)
    node = slurm.said("squeue", "-h", "-o", "%N")
    slurm.kill_node(node)
    try:
        assert sweep.step("seed=0") > 0
        slurm.until(
            lambda: slurm.said("squeue", "-h", "-t", "R", "-o", "%N") not in (node, ""), 180
        )
        sweep.until_gone()
    finally:
        slurm.start_node(node)
    assert sweep.states() == {"seed=0": "complete"}
    xr.testing.assert_identical(*sweep.locally())


def test_out_of_time_a_run_stops_before_and_its_job_goes_on(slurm, submitted):
    long = {"steps": 10**9, "every": 10**5, "engine": "collapsed"}
    sweep = submitted(sweep_text('product = {"seed" = [0]}', **long), "--time", 3)
    sweep.until_begun("seed=0")
    [log] = (sweep.folder / "d/slurm").glob("*.out")
    slurm.until(lambda: "Requeued job" in log.read_text(), 240)
    before = sweep.step("seed=0")
    assert before > 0
    slurm.until(lambda: log.read_text().count("Starting with") == 2, 120)
    slurm.until(lambda: sweep.step("seed=0") > before, 60)
    sweep.do("cancel", "d")


def test_a_cancelled_sweep_stops_with_checkpoints_and_takes_no_other_along(
    slurm, submitted, tmp_path_factory
):
    other = Submitted(
        slurm, tmp_path_factory.mktemp("other"), sweep_text('product = {"seed" = [9]}', **LONG)
    )
    sweep = submitted(sweep_text('product = {"seed" = "0:6"}', **LONG))
    sweep.until_begun("seed=0", "seed=1", "seed=2")
    other.until_begun("seed=9")
    assert f"cancelled: 6 tasks of job {sweep.job}" in sweep.do("cancel", "d")
    slurm.until(lambda: len(slurm.said("squeue", "-h", "-r").splitlines()) == 1, 60)
    found = sweep.status()
    assert found["counts"] == {"stopped": 3, "missing": 3}
    assert other.states() == {"seed=9": "running"}
    assert "nothing of it is in the queue" in sweep.do("cancel", "d")
    assert "submitted: 3 runs in 3 tasks" in sweep.do("resubmit", "d", "--failed")
    assert "submitted: 3 runs in 3 tasks" in sweep.do("submit", "s.toml", "-o", "d")
    assert "nothing to submit" in sweep.do("resubmit", "d")
    said = sweep.do("collect", "d", "-o", "all.h5", status=2)
    assert "6 of 6 runs are not finished" in said
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
    code, said = ended("collect", "d", "-o", "all.h5", cwd=tmp_path)
    assert (code, "2 of 4 runs are not finished" in said) == (2, True)
    sweep.do("collect", "d", "-o", "part.h5", "--partial")
    assert collected(tmp_path / "part.h5")["status"].values.tolist() == [[1, 1], [3, 3]]
    os.link(tmp_path / "a.h5", tmp_path / "b.h5")
    assert "submitted: 2 runs in 1 tasks" in sweep.do("resubmit", "d", "--failed")
    sweep.until_gone()
    assert set(sweep.states().values()) == {"complete"}
    xr.testing.assert_identical(*sweep.locally())


def test_fifty_runs_begin_together_on_nothing_compiled(slurm, submitted, monkeypatch, tmp_path):
    cache = tmp_path / "cache"
    monkeypatch.setenv("SCBSIM_CACHE_DIR", str(cache))
    # More than the largest array takes, so two of them.
    sweep = submitted(sweep_text('product = {"seed" = "0:50"}'), "--partition", "many")
    sweep.until_gone(600)
    assert len(json.loads((tmp_path / "d/jobs.json").read_text())["jobs"]) == 2
    assert sweep.status()["counts"] == {"complete": 50}
    assert any(cache.rglob("*.nbi"))


def test_a_submission_that_was_interrupted_is_noticed(slurm, submitted):
    sweep = submitted(sweep_text(**LONG))
    (sweep.folder / "d/jobs.json").unlink()
    said = f"job {sweep.job} of this sweep is in the queue, but not in jobs.json"
    assert said in sweep.status()["note"]
    assert said in sweep.do("submit", "s.toml", "-o", "d", status=1)
    sweep.do("cancel", "d")
    sweep.until_gone()
    assert "submitted: 3 runs" in sweep.do("submit", "s.toml", "-o", "d")


def test_a_single_run_is_submitted_too(slurm, submitted):
    sweep = submitted(sweep_text(""))
    sweep.until_gone()
    assert sweep.states() == {"run": "complete"}
    xr.testing.assert_identical(*sweep.locally())
