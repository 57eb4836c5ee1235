"""Commands in an allocation of a real Slurm, and jobs in folders of any name."""

import json
import os
import subprocess
import sys

import pytest
from scbsim_testing.small_sweeps import ended, sweep_text

from scbsim import load

pytestmark = pytest.mark.slow


def told(tmp_path, *words):
    done = subprocess.run(
        [*words], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout + done.stderr


SCBSIM = (sys.executable, "-m", "scbsim")


def test_in_an_allocation_of_two_tasks_a_sweep_and_a_run_are_alone(slurm, tmp_path):
    (tmp_path / "s.toml").write_text(sweep_text('product = {"seed" = "0:2"}'))
    (tmp_path / "one.toml").write_text(sweep_text(""))
    code, said = told(tmp_path, "salloc", "-n", "2", *SCBSIM, "sweep", "s.toml", "-o", "d")
    assert (code, "2 of 2 runs done" in said) == (0, True), said
    for launcher, name in ((("salloc", "-n", "2"), "a.h5"), (("srun", "-n", "1"), "b.h5")):
        code, said = told(tmp_path, *launcher, *SCBSIM, "run", "one.toml", "-o", name)
        assert code == 0, said
    assert load(tmp_path / "a.h5").equals(load(tmp_path / "b.h5"))


def test_a_script_of_two_tasks_runs_it_once(slurm, tmp_path):
    (tmp_path / "one.toml").write_text(sweep_text(""))
    script = tmp_path / "job.sh"
    line = " ".join([*SCBSIM, "run", "one.toml", "-o", "one.h5"])
    script.write_text(f"#!/bin/bash\nenv > env.txt\n{line} > said.txt 2>&1\necho $? > code.txt\n")
    assert told(tmp_path, "sbatch", "-n", "2", "-o", "/dev/null", str(script))[0] == 0
    slurm.until((tmp_path / "code.txt").exists, 120)
    slurm.until(lambda: (tmp_path / "code.txt").read_text().strip(), 10)
    assert "SLURM_NTASKS=2" in (tmp_path / "env.txt").read_text()
    assert (tmp_path / "code.txt").read_text().strip() == "0", (tmp_path / "said.txt").read_text()


def test_two_that_srun_launched_are_still_found(slurm, tmp_path):
    (tmp_path / "one.toml").write_text(sweep_text("", engine="dense"))
    words = ("srun", "-n", "2", "--mpi=pmi2", *SCBSIM, "run", "one.toml", "-o", "one.h5")
    code, said = told(tmp_path, *words)
    assert code == 0, said
    assert json.loads(load(tmp_path / "one.h5").attrs["provenance"])["ranks"] == 2


NAMES = ["a b", "it's", 'q"q', "x;y&z", "$HOME", "#h", "(a)*?", "é", "-d", "~", "a=b,c"]


def test_jobs_of_folders_of_any_name_run(slurm, tmp_path):
    (tmp_path / "s.toml").write_text(sweep_text('product = {"seed" = [1]}'))
    for name in NAMES:
        code, said = ended("submit", "s.toml", "-o", f"./{name}", cwd=tmp_path)
        assert (code, "submitted: 1 run in" in said) == (0, True), said
    slurm.until(lambda: not slurm.said("squeue", "-h", "-r"), 300)
    for name in NAMES:
        assert "1 run: 1 complete" in ended("status", f"./{name}", cwd=tmp_path)[1], name
        assert list((tmp_path / name / "slurm").glob("*_log.out")), name
    assert sorted(os.listdir(tmp_path)) == sorted([*NAMES, "s.toml"])
