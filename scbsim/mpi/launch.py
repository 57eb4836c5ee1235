"""Whether an MPI launcher started this process as one of several, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scbsim.errors import InputError, install
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.mpi.world import World

_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")
"""Set by launchers; the first one found is used. Not ``SLURM_NTASKS``, which ``salloc`` and
``sbatch`` set too, and they start one process."""

_RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")

_PREFIXES = (
    *("OMPI_", "PMI_", "PMIX_", "PRTE_", "HYDI_", "HYDRA_", "MPI_LOCAL", "SLURM_STEP_"),
    *("SLURM_NTASKS", "SLURM_NPROCS", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_GTIDS", "SLURM_PMI"),
)
"""Prefixes of the variables by which the processes of a launcher find each other."""

HOW = (
    "Use the launcher of the MPI that mpi4py uses: mpiexec -n {n} scbsim run ..., or "
    "under Slurm srun -n {n} --mpi=pmi2 scbsim run ... (--mpi=pmix for Open MPI). "
    "scbsim submit has --srun-mpi for the same. For a run on one process use 1 in place of {n}"
)


def launched(environment: Mapping[str, str] = os.environ) -> tuple[str, int] | None:
    """Return the variable with the number of processes, and the number; None unless several."""
    for name in _SIZES:
        if environment.get(name, "").isdigit():
            size = int(environment[name])
            return (name, size) if size > 1 else None
    return None


def alone(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the launcher's variables, for a process of its own."""
    return {name: value for name, value in environment.items() if not name.startswith(_PREFIXES)}


def is_first_process(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether this process has rank 0, or no rank."""
    return next((environment[name] for name in _RANKS if name in environment), "0") == "0"


def joined(environment: Mapping[str, str] = os.environ) -> World | None:
    """Import MPI and return the world of this process; None, without MPI, if it is alone.

    Raises
    ------
    InputError
        If MPI is not installed, or finds another number of ranks than were launched.
    """
    found = launched(environment)
    if found is None:
        return None
    name, size = found
    how = HOW.format(n=size)
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise InputError(
            f"{name} says {counted(size, 'process')}, but mpi4py cannot be imported ({error}): "
            f"{install('mpi')}, with the MPI of this machine; `pip install mpich` gives one. "
            f"{how}"
        ) from None
    if size != MPI.COMM_WORLD.size:
        ranks = counted(MPI.COMM_WORLD.size, "rank")
        raise InputError(
            f"{name} says {counted(size, 'process')}, but MPI has found {ranks}. {how}"
        )
    from scbsim.mpi.world import World

    return World(MPI.COMM_WORLD)
