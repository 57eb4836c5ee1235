"""Whether this process is one of several that MPI's launcher started, by the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scbsim.errors import InputError, install

if TYPE_CHECKING:
    from scbsim.mpi.world import World

_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")
"""Set by launchers; the first that there is counts. ``SLURM_NTASKS`` is set by ``salloc`` and
``sbatch``, too, which launch one process."""

_NUMBERS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")

_OF_LAUNCHERS = (
    *("OMPI_", "PMI_", "PMIX_", "PRTE_", "HYDI_", "HYDRA_", "MPI_LOCAL", "SLURM_STEP_"),
    *("SLURM_NTASKS", "SLURM_NPROCS", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_GTIDS", "SLURM_PMI"),
)
"""How the names of variables begin by which launchers tell processes of one another."""

HOW = (
    "Launch it by the launcher of the MPI that mpi4py uses: mpiexec -n {n} scbsim run ..., or "
    "under Slurm srun -n {n} --mpi=pmi2 scbsim run ... (--mpi=pmix for an Open MPI). "
    "scbsim submit takes --srun-mpi for the same. For a run on one process say 1 in place of {n}"
)


def launched(environment: Mapping[str, str] = os.environ) -> tuple[str, int] | None:
    """Return which variable says that there is more than one process, and how many; else None."""
    for name in _SIZES:
        if environment.get(name, "").isdigit():
            size = int(environment[name])
            return (name, size) if size > 1 else None
    return None


def alone(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for a process that runs by itself, whoever launched this one."""
    return {
        name: value for name, value in environment.items() if not name.startswith(_OF_LAUNCHERS)
    }


def speaks(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether this is the first of the processes, or no one says which it is."""
    numbers = (environment[name] for name in _NUMBERS if name in environment)
    return next(numbers, "0") == "0"


def joined(environment: Mapping[str, str] = os.environ) -> World | None:
    """Return the world of this process, or None where it is alone; only then is MPI imported.

    Raises
    ------
    InputError
        If MPI is not there, or has found another number of ranks than were launched.
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
            f"{name} says {size} processes, and mpi4py cannot be loaded ({error}): "
            f"{install('mpi')}, on the MPI of this machine; pip install mpich where there is none. "
            f"{how}"
        ) from None
    if size != MPI.COMM_WORLD.size:
        ranks = f"{MPI.COMM_WORLD.size} rank" + "s" * (MPI.COMM_WORLD.size > 1)
        raise InputError(f"{name} says {size} processes, and MPI has found {ranks}. {how}")
    from scbsim.mpi.world import World

    return World(MPI.COMM_WORLD)
