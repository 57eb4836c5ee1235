"""What a job asks a cluster for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scbsim.errors import Fault, SpecError

LEAST_MINUTES = 3
"""A job is told to stop before its time is up; in less it would get nothing done."""

_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")


@dataclass(frozen=True)
class Options:
    """What each task of a job asks for, in Slurm's own words where it has them.

    Attributes
    ----------
    partition, account, mem : str or None
        The site's own choice unless given.
    time : str
        The longest a task may run before it is put back into the queue to go on later.
    cpus_per_task : int
        Threads of a run.
    array_parallelism : int
        Tasks at a time.
    runs_per_task : int
        Runs that a task does one after the other.
    nodes, ntasks_per_node : int
        Of a task of an array; with more than one in all, they are the ranks that share its runs.
    srun_mpi : str
        How srun connects ranks, its ``--mpi``.
    sbatch : tuple of str
        Other options, ``qos=long``.
    """

    partition: str | None = None
    account: str | None = None
    time: str = "60"
    mem: str | None = None
    cpus_per_task: int = 1
    array_parallelism: int = 256
    runs_per_task: int = 1
    nodes: int = 1
    ntasks_per_node: int = 1
    srun_mpi: str = "pmi2"
    sbatch: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        faults = []
        if self.minutes is None:
            takes = "minutes, hours:minutes:seconds, or days-hours:minutes:seconds"
            faults.append(Fault("--time", f'"{self.time}" is no time; it takes {takes}'))
        elif self.minutes < LEAST_MINUTES:
            faults.append(Fault("--time", f"{self.time} is below {LEAST_MINUTES} minutes"))
        for words in self.sbatch:
            if not re.fullmatch(r"[a-z][a-z-]*(=.*)?", words):
                faults.append(Fault("--sbatch", f'"{words}" is not as in qos=long or exclusive'))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.srun_mpi):
            problem = f'"{self.srun_mpi}" is none of what `srun --mpi=list` names, such as pmi2'
            faults.append(Fault("--srun-mpi", problem))
        if faults:
            raise SpecError(faults, "the command line")

    @property
    def ranks(self) -> int:
        """How many processes share a run."""
        return self.nodes * self.ntasks_per_node

    @property
    def minutes(self) -> int | None:
        """``time`` in minutes, rounded up; None where it is no time."""
        found = _TIME.fullmatch(self.time)
        if found is None:
            return None
        days, *parts = found.groups()
        numbers = [int(part) for part in parts if part is not None]
        if days is None and len(numbers) < 3:
            numbers = [0, *numbers]
        hours, minutes, seconds = (*numbers, 0, 0)[:3]
        return int(days or 0) * 1440 + hours * 60 + minutes + (seconds > 0)

    @property
    def others(self) -> dict[str, str | bool]:
        """``sbatch`` by name."""
        split = (words.partition("=") for words in self.sbatch)
        return {name: value if equals else True for name, equals, value in split}
