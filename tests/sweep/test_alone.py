"""Runs of a sweep are processes alone, wherever the sweep itself was launched."""

import json

import pytest
from scbsim_testing.small_sweeps import ended, sweep_text

from scbsim import load
from scbsim.spec.sweep import Sweep
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.local import run_sweep

LAUNCHED = {
    "salloc": {"SLURM_NTASKS": "2", "SLURM_JOB_ID": "7"},
    "srun": {"SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"},
    "srun -n 2, the second": {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"},
    "mpiexec": {"PMI_SIZE": "2", "PMI_RANK": "0"},
    "mpirun": {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"},
}


@pytest.mark.slow
@pytest.mark.parametrize("environment", LAUNCHED.values(), ids=LAUNCHED)
def test_they_run(tmp_path, environment):
    (tmp_path / "s.toml").write_text(sweep_text('product = {"seed" = [1]}'))
    code, said = ended("sweep", "s.toml", "-o", "d", cwd=tmp_path, **environment)
    assert (code, "1 of 1 run done" in said) == (0, True), said


@pytest.mark.slow
def test_a_run_in_an_allocation_without_a_launcher_is_alone(tmp_path):
    (tmp_path / "one.toml").write_text(sweep_text(""))
    environment = LAUNCHED["salloc"] | {"SLURM_PROCID": "0"}
    code, said = ended("run", "one.toml", "-o", "one.h5", cwd=tmp_path, **environment)
    assert code == 0, said
    assert "ranks" not in json.loads(load(tmp_path / "one.h5").attrs["provenance"])


@pytest.mark.slow
def test_cores_that_a_task_of_slurm_has_are_those_that_are_used(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    (tmp_path / "s.toml").write_text(sweep_text('product = {"seed" = "0:2"}'))
    folder = SweepFolder.made(tmp_path / "d", Sweep.from_toml(tmp_path / "s.toml"))
    at_once = []
    run_sweep(folder, report=lambda _, working: at_once.append(len(working)))
    assert max(at_once) == 1
