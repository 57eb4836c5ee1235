"""The script of a job: the same as submitit's own, and to be had without it."""

import sys

import pytest
from click.testing import CliRunner
from scbsim_testing.small_sweeps import sweep_text

from scbsim.cli.main import cli
from scbsim.cluster.executor import _executor
from scbsim.cluster.options import Options
from scbsim.cluster.script import script

ASKED = {
    "nothing": Options(),
    "much": Options(
        partition="cpu",
        account="me",
        time="1-00:00:00",
        mem="2G",
        cpus_per_task=4,
        array_parallelism=3,
        sbatch=("qos=long", "exclusive", "comment=two words", "cores-per-socket=2"),
    ),
    "ranks": Options(nodes=2, ntasks_per_node=3, srun_mpi="pmix", time="5"),
    "ranks of one node": Options(ntasks_per_node=2),
}


@pytest.mark.parametrize("options", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("count", [1, 2, 7])
def test_it_is_what_submitit_writes(tmp_path, monkeypatch, options, count):
    monkeypatch.setenv("SCBSIM_CACHE_DIR", "/a cache")
    folder = tmp_path / "a folder"
    executor = _executor(folder, "scbsim-1", options)
    if count > 1:
        executor.parameters["map_count"] = count
    wanted = executor._make_submission_file_text(executor._submitit_command_str, "")
    assert script(folder, "scbsim-1", count, options) == wanted


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A folder with a sweep, where neither submitit nor Slurm is."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    for name in ("submitit", "submitit.core", "submitit.core.utils"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(sweep_text())
    return tmp_path


def test_a_dry_run_needs_neither_submitit_nor_slurm(bare):
    ended = CliRunner().invoke(cli, ["submit", "s.toml", "-o", "d", "--dry-run"])
    assert ended.exit_code == 0, ended.output
    assert ended.stdout.startswith("#!/bin/bash\n")
    assert "#SBATCH --array=0-2%3\n" in ended.stdout
    assert not (bare / "d").exists()


def test_a_submission_says_what_is_missing_and_makes_nothing(bare):
    ended = CliRunner().invoke(cli, ["submit", "s.toml", "-o", "d"])
    assert ended.exit_code == 2
    assert ended.stderr.startswith("Error: submitit, by which jobs are submitted, cannot be loaded")
    assert "`pip install 'submitit<2,>=1.5.4'` installs it" in ended.stderr
    assert not (bare / "d").exists()


def test_a_dry_run_says_what_the_runs_take_and_asks_for_it(bare):
    line = ["submit", "s.toml", "-o", "d", "--dry-run"]
    ended = CliRunner().invoke(cli, line)
    assert "# estimate: 3 runs take" in ended.stdout
    assert "#SBATCH --time=10\n" in ended.stdout
    assert "#SBATCH --mem=512M\n" in ended.stdout
    assert "1.5 times the estimated time and 1.2 times the estimated memory" in ended.stdout
    ended = CliRunner().invoke(cli, [*line, "--time", "2:00:00", "--mem", "7G"])
    assert "#SBATCH --time=120\n" in ended.stdout
    assert "#SBATCH --mem=7G\n" in ended.stdout
    assert "times the estimated" not in ended.stdout


def test_a_task_of_several_runs_has_the_time_of_all(bare):
    line = ["submit", "s.toml", "-o", "d", "--dry-run", "--set", "stage.0.steps=1000000000"]
    alone, three = (
        CliRunner().invoke(cli, [*line, "--runs-per-task", str(n)]).stdout for n in (1, 3)
    )
    minutes = [
        int(text.partition("#SBATCH --time=")[2].partition("\n")[0]) for text in (alone, three)
    ]
    assert minutes[1] == pytest.approx(3 * minutes[0], rel=0.05)
