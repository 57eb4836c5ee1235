import sys

import pytest

from scbsim.errors import InputError
from scbsim.mpi.launch import alone, is_first_process, joined, launched


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, None),
        ({"PMI_SIZE": "4"}, ("PMI_SIZE", 4)),
        ({"OMPI_COMM_WORLD_SIZE": "2", "SLURM_NTASKS": "8"}, ("OMPI_COMM_WORLD_SIZE", 2)),
        ({"SLURM_STEP_NUM_TASKS": "8", "SLURM_NTASKS": "8"}, ("SLURM_STEP_NUM_TASKS", 8)),
        # In an allocation, or in the script of a job, without a launcher.
        ({"SLURM_NTASKS": "8", "SLURM_PROCID": "0"}, None),
        ({"SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "8"}, None),
        ({"PMI_SIZE": "1", "SLURM_NTASKS": "8"}, None),
        ({"PMI_SIZE": "many"}, None),
    ],
)
def test_the_launcher_nearest_to_the_process_counts(environment, found):
    assert launched(environment) == found


@pytest.mark.parametrize(
    "environment",
    [
        {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "1", "PMIX_RANK": "1"},
        {"PMI_SIZE": "2", "PMI_RANK": "1", "PMI_FD": "7", "MPI_LOCALRANKID": "1"},
        {"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_ID": "0", "SLURM_PROCID": "1"},
    ],
)
def test_a_process_of_a_launched_one_is_alone(environment):
    kept = {"PATH": "/bin", "SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "2", "SLURM_CONF": "/x"}
    assert launched(environment)
    assert not is_first_process(environment)
    assert alone(environment | kept) == kept


def test_one_process_speaks():
    assert is_first_process({})
    assert is_first_process({"PMI_RANK": "0", "SLURM_PROCID": "3"})
    assert not is_first_process({"SLURM_PROCID": "3"})


def test_a_process_alone_does_not_import_mpi(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert joined({}) is None


def test_where_there_is_no_mpi_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(InputError, match=r"PMI_SIZE says 4 processes.*`pip install 'mpi4py"):
        joined({"PMI_SIZE": "4"})
