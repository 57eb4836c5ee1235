"""Two first commands on one folder at the same time: one does the work, once."""

import json
import os
import subprocess
import sys

import pytest
from scbsim_testing import HERE
from scbsim_testing.fake_slurm import FakeSlurm
from scbsim_testing.small_sweeps import ended, sweep_text

MEETING = HERE / "meeting_cli.py"


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    slurm = FakeSlurm(tmp_path)
    monkeypatch.setenv("PATH", f"{slurm.folder}:{os.environ['PATH']}")
    (tmp_path / "s.toml").write_text(sweep_text('product = {"seed" = "0:5"}'))
    return slurm


def together(tmp_path, place, *words, count=2):
    """Run so many command lines that meet in a place; return their statuses and what they said."""
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    line = [sys.executable, str(MEETING), str(meeting), str(count), place, *words]
    started = [
        subprocess.Popen(
            line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(count)
    ]
    said = [process.communicate(timeout=120)[0] for process in started]
    return sorted(zip([process.returncode for process in started], said, strict=True))


# Where the manifest is about to be written, and where the queue is about to be asked.
PLACES = ("secrets:token_hex", "scbsim.cluster.submission:queued_tasks")


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_no_run_is_submitted_twice_and_all_jobs_are_known(tmp_path, slurm, place):
    (first, said), (second, refused) = together(tmp_path, place, "submit", "s.toml", "-o", "d")
    assert first == 0, said
    assert "submitted: 5 runs in 5 tasks" in said
    if second == 0:
        assert "nothing to submit" in refused
    else:
        assert (second, "is being written by process" in refused) == (1, True), refused
    assert slurm.tasks() == 5
    id = json.loads((tmp_path / "d/sweep.json").read_text())["id"]
    assert slurm.names() == {f"scbsim-{id}"}
    assert sorted(os.listdir(tmp_path / "d")) == ["jobs.json", "slurm", "sweep.json"]
    assert "nothing to submit" in ended("submit", "s.toml", "-o", "d", cwd=tmp_path)[1]
    assert "cancelled: 5 tasks" in ended("cancel", "d", cwd=tmp_path)[1]
    assert slurm.tasks() == 0


@pytest.mark.slow
def test_a_sweep_and_a_submission_do_not_both_run_it(tmp_path, slurm):
    (tmp_path / "meeting").mkdir()
    found = {}
    for command, words in {"submit": (), "sweep": ("--jobs", "1")}.items():
        line = [sys.executable, str(MEETING), str(tmp_path / "meeting"), "2", PLACES[0]]
        found[command] = subprocess.Popen(
            [*line, command, "s.toml", "-o", "d", *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    said = {command: process.communicate(timeout=120)[0] for command, process in found.items()}
    manifest = json.loads((tmp_path / "d/sweep.json").read_text())
    assert slurm.names() <= {f"scbsim-{manifest['id']}"}
    for command, process in found.items():
        refused = "is being written by process" in said[command]
        assert process.returncode == (1 if refused else 0), said[command]


@pytest.mark.slow
def test_another_sweep_that_comes_first_is_kept(tmp_path, slurm):
    (tmp_path / "other.toml").write_text(sweep_text('product = {"seed" = "5:10"}'))
    assert ended("submit", "other.toml", "-o", "d", cwd=tmp_path)[0] == 0
    before = (tmp_path / "d/sweep.json").read_bytes()
    code, said = ended("submit", "s.toml", "-o", "d", cwd=tmp_path)
    assert (code, "holds another sweep: seed has other values" in said) == (2, True)
    assert (tmp_path / "d/sweep.json").read_bytes() == before
    assert slurm.tasks() == 5


def jobs_file(text):
    def damage(folder):
        (folder / "jobs.json").write_text(text)

    return damage


def one_entry(folder):
    found = json.loads((folder / "jobs.json").read_text())
    found["jobs"].append({"id": 5, "tasks": [[3]], "options": {}})
    (folder / "jobs.json").write_text(json.dumps(found))


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage", [jobs_file("{"), jobs_file("[" * 100_000), jobs_file('{"jobs": 3}')]
)
def test_jobs_that_cannot_be_read_stop_no_command(tmp_path, slurm, damage):
    assert ended("submit", "s.toml", "-o", "d", cwd=tmp_path)[0] == 0
    damage(tmp_path / "d")
    code, said = ended("status", "d", cwd=tmp_path)
    assert code == 0
    assert "5 runs: 5 missing" in said
    assert "is in the queue, but not in jobs.json" in said
    code, said = ended("submit", "s.toml", "-o", "d", cwd=tmp_path)
    assert (code, "`scbsim cancel` removes it" in said) == (1, True)
    code, said = ended("resubmit", "d", cwd=tmp_path)
    assert (code, "jobs.json is damaged" in said) == (2, True)
    assert ended("cancel", "d", cwd=tmp_path)[0] == 0
    code, said = ended("submit", "s.toml", "-o", "d", cwd=tmp_path)
    assert (code, "submitted: 5 runs" in said) == (0, True)
    assert (tmp_path / "d/jobs.json.damaged").exists()
    assert "5 runs: 5 queued" in ended("status", "d", cwd=tmp_path)[1]


@pytest.mark.slow
def test_one_entry_that_cannot_be_read_hides_no_other(tmp_path, slurm):
    assert ended("submit", "s.toml", "-o", "d", cwd=tmp_path)[0] == 0
    one_entry(tmp_path / "d")
    assert "5 runs: 5 queued" in ended("status", "d", cwd=tmp_path)[1]
    assert "nothing to submit" in ended("submit", "s.toml", "-o", "d", cwd=tmp_path)[1]
