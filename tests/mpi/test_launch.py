import sys

import pytest

from scbsim.errors import InputError
from scbsim.mpi.launch import joined, launched, speaks


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, None),
        ({"PMI_SIZE": "4"}, ("PMI_SIZE", 4)),
        ({"OMPI_COMM_WORLD_SIZE": "2", "SLURM_NTASKS": "8"}, ("OMPI_COMM_WORLD_SIZE", 2)),
        ({"SLURM_NTASKS": "8"}, ("SLURM_NTASKS", 8)),
        ({"SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "8"}, None),
        ({"PMI_SIZE": "1", "SLURM_NTASKS": "8"}, None),
        ({"PMI_SIZE": "many"}, None),
    ],
)
def test_the_launcher_nearest_to_the_process_counts(environment, found):
    assert launched(environment) == found


def test_one_process_speaks():
    assert speaks({})
    assert speaks({"PMI_RANK": "0", "SLURM_PROCID": "3"})
    assert not speaks({"SLURM_PROCID": "3"})


def test_a_process_alone_does_not_import_mpi(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert joined({}) is None


def test_where_there_is_no_mpi_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(InputError, match=r"PMI_SIZE says 4 processes.*pip install 'scbsim\[mpi\]'"):
        joined({"PMI_SIZE": "4"})
