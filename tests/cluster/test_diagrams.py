"""Phase diagrams on a real Slurm of two nodes: parts that die, and parts that are cancelled."""

import json
import re
from contextlib import chdir

import pytest
from click.testing import CliRunner
from scbsim_testing.diagrams import same
from scbsim_testing.made_up_rates import made_up
from scbsim_testing.small_sweeps import sweep_text

from scbsim import load, phase_diagram
from scbsim.cli.main import cli
from scbsim.spec import RunSpec

AXES = ("task.T=60,80,100,120", "dynamics.batch_size=1e3:1e6:4log")
GRID = ("--x", AXES[0], "--y", AXES[1], "--rules", "l1", "--replicas", "2")


class Diagram:
    """Its commands, in a folder with its spec."""

    def __init__(self, folder):
        self.folder = folder
        # Steps of dense engines take 10 ms in jobs.
        text = sweep_text("", steps=200, engine="dense")
        (folder / "s.toml").write_text(text)
        # As the command line: a stage that names no threshold takes the automatic one.
        words = ['stage.0.threshold_sigmas="auto"']
        self.spec = RunSpec.from_toml(folder / "s.toml", overrides=words)

    def do(self, *words, status=0):
        with chdir(self.folder):
            ended = CliRunner().invoke(cli, [str(word) for word in words])
        assert ended.exit_code == status, ended.output
        return ended.output

    def submit(self, *words, status=0):
        return self.do("submit", "s.toml", "-o", "d", *GRID, *words, status=status)

    def status(self):
        return json.loads(self.do("status", "d", "--json"))

    def done(self):
        return {run["name"]: (run["step"], run["total"]) for run in self.status()["runs"]}

    def collected(self):
        self.do("collect", "d", "-o", "all.h5")
        return load(self.folder / "all.h5")


@pytest.fixture
def diagram(submitted, tmp_path, monkeypatch):
    # Of the fixture `submitted` the environment and the end are used.
    monkeypatch.setattr("scbsim.studies.phase.bundles.SHORTEST", 0.0)
    return Diagram(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The diagram in one go, on this machine."""
    spec = Diagram(tmp_path_factory.mktemp("whole")).spec
    return phase_diagram(spec, *AXES, rules=["l1"], replicas=2)


@pytest.mark.slow
def test_a_node_that_is_killed_a_part_that_is_preempted_and_a_cancelled_job(slurm, diagram, whole):
    assert re.search(r"submitted: 4 parts in 4 tasks", diagram.submit("--array-parallelism", 4))

    def underway():
        """Find whether two parts on each of both nodes are done in part."""
        on = slurm.said("squeue", "-h", "-r", "-t", "R", "-o", "%N").splitlines()
        begun = [step for step, total in diagram.done().values() if 0 < step < total]
        return set(on) == {"n1", "n2"} and len(begun) >= 2

    slurm.until(underway, 90)
    node = slurm.said("squeue", "-h", "-r", "-t", "R", "-o", "%N").splitlines()[0]
    slurm.lose_node(node)
    assert "nothing to submit" in diagram.submit()
    before = diagram.done()
    [task] = slurm.said("squeue", "-h", "-r", "-t", "R", "-o", "%F_%K").splitlines()[:1]
    slurm.signal(task, "USR1")
    slurm.until(lambda: slurm.restarts(task), 60)
    assert "cancelled: " in diagram.do("cancel", "d")
    slurm.until(lambda: not slurm.said("squeue", "-h"), 60)
    assert 0 < sum(step for step, _ in diagram.done().values()) < 16
    assert "parts are not finished" in diagram.do("collect", "d", "-o", "all.h5", status=2)
    slurm.start_node(node)
    assert "parts in" in diagram.do("resubmit", "d")
    slurm.until(lambda: not slurm.said("squeue", "-h"), 200)
    # No point that was done is lost.
    assert all(diagram.done()[name] >= (step, 0) for name, (step, _) in before.items())
    assert diagram.status()["counts"] == {"complete": 4}
    assert "next: scbsim collect" in diagram.do("status", "d")
    same(diagram.collected(), whole)


def test_the_text_of_jobs_and_what_is_refused(tmp_path, monkeypatch):
    diagram = Diagram(tmp_path)
    monkeypatch.setattr("scbsim.studies.phase.bundles.SHORTEST", 0.0)
    said = diagram.submit("--array-parallelism", 4, "--dry-run")
    assert "#SBATCH --array=0-3%4\n" in said
    assert not (tmp_path / "d").exists()
    said = diagram.do("submit", "s.toml", "-o", "d", "--replicas", 3, status=2)
    assert "--replicas is of a phase diagram, which needs --x and --y as well" in said
    said = diagram.submit("--nodes", 2, "--dry-run", status=2)
    assert "each part of a phase diagram is of one process" in said
    assert "both task.T" in diagram.do(
        *("submit", "s.toml", "-o", "d", "--x", AXES[0], "--y", AXES[0]), status=2
    )
    assert not (tmp_path / "d").exists()


def test_a_dry_run_says_what_the_points_take_and_asks_for_it(tmp_path):
    diagram = Diagram(tmp_path)
    said = diagram.submit("--dry-run")
    assert "# estimate: 16 points in 1 part, in 1 task\n" in said
    assert "# estimate: 16 points take " in said
    assert "#SBATCH --time=10\n" in said
    assert "#SBATCH --mem=512M\n" in said
    assert "each task has --time=0:10:00 --mem=512M: 1.5 times the estimated time" in said
    said = diagram.submit("--dry-run", "--time", "2:00:00", "--mem", "7G")
    assert "#SBATCH --time=120\n" in said
    assert "#SBATCH --mem=7G\n" in said
    assert "times the estimated" not in said


@pytest.mark.parametrize(
    ("words", "tasks", "minutes"),
    [
        # A point takes 2000 s, up to 2500, and a process 2 s to start.
        ((), 16, 63),
        (("--runs-per-task", 4), 4, 251),
        # Parts of an hour on one core, whose points run at the same time.
        (("--array-parallelism", 2, "--cpus-per-task", 4), 9, 63),
        (("--array-parallelism", 2, "--time", "8:00:00", "--mem", "3G"), 5, 480),
    ],
)
def test_the_time_of_a_task_is_that_of_its_points(tmp_path, monkeypatch, words, tasks, minutes):
    for place in ("estimates.points", "cluster.needs"):
        monkeypatch.setattr(f"scbsim.{place}.machine_rates", lambda: made_up(1e-4))
    said = Diagram(tmp_path).submit("--dry-run", "--replicas", 10**5, *words)
    assert int(re.search("#SBATCH --array=0-([0-9]+)", said)[1]) == tasks - 1
    assert int(re.search("#SBATCH --time=([0-9]+)", said)[1]) == minutes
    assert ("#SBATCH --mem=3G" in said) == ("3G" in words)
