"""What can be had, and what is said, where there is no Slurm."""

import json
import os

import pytest
from scbsim_testing.small_sweeps import ended_here, sweep_text

from scbsim.spec.sweep import Sweep
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.work import write_json


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A folder with a sweep, on a machine whose PATH has no command of Slurm's."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.delenv("SLURM_CONF", raising=False)
    monkeypatch.setenv("SCBSIM_CACHE_DIR", "/a cache")
    (tmp_path / "s.toml").write_text(sweep_text('product = {"seed" = "0:2500"}'))
    return tmp_path


def test_the_text_of_jobs_can_be_read_and_nothing_is_made(nowhere):
    code, said = ended_here(
        *("submit", "s.toml", "-o", "d", "--dry-run", "--partition", "cpu", "--account", "me"),
        *("--time", "1-00:00:00", "--mem", "2G", "--cpus-per-task", 4, "--runs-per-task", 2),
        *("--array-parallelism", 100, "--sbatch", "qos=long", "--sbatch", "exclusive"),
        cwd=nowhere,
    )
    assert code == 0
    assert sorted(os.listdir(nowhere)) == ["empty", "s.toml"]
    assert said.count("#!/bin/bash") == 2
    for line in (
        "#SBATCH --array=0-1000%50",
        "#SBATCH --array=0-248%50",
        "#SBATCH --partition=cpu",
        "#SBATCH --account=me",
        "#SBATCH --time=1440",
        "#SBATCH --mem=2G",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --qos=long",
        "#SBATCH --exclusive",
        "#SBATCH --requeue",
        "#SBATCH --signal=USR1@90",
        "export SUBMITIT_PREEMPT_SIGNAL=USR1",
        "export NUMBA_NUM_THREADS=4",
        "export SCBSIM_CACHE_DIR='/a cache'",
    ):
        assert f"{line}\n" in said
    assert "wckey" not in said


SHARED = ("--nodes", 2, "--ntasks-per-node", 3, "--srun-mpi", "pmix", "--dry-run")


def test_a_run_over_ranks_asks_for_nodes_and_is_launched_by_srun(nowhere):
    (nowhere / "s.toml").write_text(sweep_text("", engine="dense"))
    code, said = ended_here("submit", "s.toml", "-o", "d", *SHARED, cwd=nowhere)
    assert code == 0
    assert "#SBATCH --nodes=2\n#SBATCH --ntasks-per-node=3\n" in said
    [line] = [line for line in said.splitlines() if line.startswith("srun ")]
    assert " --cpus-per-task=1 --mpi=pmix --kill-on-bad-exit=1 sh -c " in line
    assert 'scontrol requeue "$SLURM_JOB_ID"' in said
    assert not (nowhere / "d").exists()


@pytest.mark.slow
def test_what_ranks_cannot_share_is_not_submitted(nowhere):
    for text, fault in (
        (sweep_text(""), 'dynamics.engine: "collapsed" cannot be shared over ranks'),
        (
            sweep_text("", engine="dense").replace("N = 6", "N = 5"),
            "6 ranks: the columns of A are shared out",
        ),
    ):
        (nowhere / "s.toml").write_text(text)
        for more in (SHARED, SHARED[:-1]):
            code, said = ended_here("submit", "s.toml", "-o", "d", *more, cwd=nowhere)
            assert (code, fault in said) == (2, True), said
        assert not (nowhere / "d").exists()


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("submit", "s.toml", "-o", "d"), "squeue"),
        (("resubmit", "d"), "squeue"),
        (("cancel", "d"), "squeue"),
    ],
)
def test_commands_that_need_slurm_say_so(nowhere, words, command):
    SweepFolder.made(nowhere / "d", Sweep.from_toml(nowhere / "s.toml"))
    code, said = ended_here(*words, cwd=nowhere)
    assert code == 1
    assert said == f"Error: {command} is not on this machine: is this a cluster's login node?\n"


@pytest.mark.slow
def test_status_reads_the_files_all_the_same(nowhere):
    folder = SweepFolder.made(nowhere / "d", Sweep.from_toml(nowhere / "s.toml"))
    job = {"id": "7", "tasks": [["seed=0"]], "options": {"sbatch": []}}
    write_json(folder.path / "jobs.json", {"jobs": [job]})
    (folder.path / "slurm").mkdir()
    code, said = ended_here("status", "d", cwd=nowhere)
    assert code == 0
    assert "2500 runs: 2500 missing" in said
    assert "and 2450 more; --json has all" in said
    assert "the queue is not known: squeue is not on this machine" in said
    _, said = ended_here("status", "d", "--json", cwd=nowhere)
    found = json.loads(said)
    assert found["counts"] == {"missing": 2500}
    assert found["runs"][-1]["name"] == "seed=2499"


@pytest.mark.parametrize("command", ["status", "resubmit", "cancel", "collect"])
def test_a_folder_without_a_sweep_is_named(tmp_path, command):
    words = ("-o", "all.h5") if command == "collect" else ()
    code, said = ended_here(command, ".", *words, cwd=tmp_path)
    assert code == 2
    assert f"{tmp_path} is not the folder of a sweep" in said


def test_a_damaged_manifest_is_named(tmp_path):
    (tmp_path / "sweep.json").write_text("{")
    code, said = ended_here("status", ".", cwd=tmp_path)
    assert code == 2
    assert "sweep.json is damaged" in said


@pytest.mark.parametrize("words", [("--dry-run",), ()])
def test_options_that_jobs_depend_on_are_refused_before_anything_is_made(nowhere, words):
    more = ("--sbatch", "array=0-3", "--sbatch", "output=x", *words)
    code, said = ended_here("submit", "s.toml", "-o", "d", *more, cwd=nowhere)
    assert code == 2
    assert 'the command line has 2 faults:\n  --sbatch: "array=0-3" cannot be given' in said
    assert not (nowhere / "d").exists()


def test_a_file_is_no_folder_of_jobs(nowhere):
    for words in (("--dry-run",), ()):
        code, said = ended_here("submit", "s.toml", "-o", "s.toml", *words, cwd=nowhere)
        assert (code, "s.toml is a file, where the folder of a sweep" in said) == (2, True), said


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["%j", "a%x", "50%", "back\\slash", "new\nline", "tab\there", "\x1b"]
)
@pytest.mark.parametrize("words", [("--dry-run",), ()])
def test_folders_that_jobs_cannot_name_are_refused_before_anything_is_made(nowhere, name, words):
    for folder in (name, f"{name}/inner"):
        code, said = ended_here("submit", "s.toml", "-o", folder, *words, cwd=nowhere)
        assert (code, "cannot be the folder of jobs" in said) == (2, True), said
    assert sorted(os.listdir(nowhere)) == ["empty", "s.toml"]
    folder = SweepFolder.made(nowhere / name, Sweep.from_toml(nowhere / "s.toml"))
    code, said = ended_here("resubmit", folder.path, cwd=nowhere)
    assert (code, "cannot be the folder of jobs" in said) == (2, True), said
