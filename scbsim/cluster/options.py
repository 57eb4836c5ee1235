"""Options of a cluster's jobs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scbsim.errors import Fault, SpecError

LEAST_MINUTES = 3
"""A job is stopped some time before its limit; a shorter one would make no progress."""

_OWN = {
    "array": "the runs are its tasks; --runs-per-task and --array-parallelism say how",
    "job-name": "jobs are found by it",
    "output": "tasks write to the folder slurm/ in that of the sweep",
    "error": "tasks write to the folder slurm/ in that of the sweep",
    "open-mode": "tasks go on in the same files when they begin again",
    "time": "take --time",
    "partition": "take --partition",
    "account": "take --account",
    "mem": "take --mem",
    "cpus-per-task": "take --cpus-per-task",
    "nodes": "take --nodes",
    "ntasks": "take --nodes and --ntasks-per-node",
    "ntasks-per-node": "take --ntasks-per-node",
    "signal": "runs stop with a checkpoint on it before the time is up",
    "requeue": "what is not finished goes on in the same job",
    "no-requeue": "what is not finished goes on in the same job",
    "wrap": "the job has a script",
    "clusters": "jobs have to be in the queue that squeue shows here",
    "wait": "submit waits for no job",
    "parsable": "the answer of sbatch has to be as it is",
    "quiet": "the answer of sbatch has to be as it is",
    "test-only": "--dry-run prints the job and submits nothing",
    "help": "it submits nothing",
    "usage": "it submits nothing",
    "version": "it submits nothing",
}
"""Options of sbatch that cannot be given: why, or what to use instead."""

_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")


@dataclass(frozen=True)
class Options:
    """Options of each task of a job, with Slurm's names where it has the option.

    Attributes
    ----------
    partition, account, mem : str or None
        By default the site's choice.
    time : str
        Time limit of a task; then it is requeued, and resumes later.
    cpus_per_task : int
        Threads of a run.
    array_parallelism : int
        Number of tasks at a time.
    runs_per_task : int
        Number of runs that a task does one after the other.
    nodes, ntasks_per_node : int
        Of a task of an array; with more than one process in all, these are ranks that share a run.
    srun_mpi : str
        How srun connects ranks, its ``--mpi``.
    sbatch : tuple of str
        Other options, such as ``qos=long``.
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
        if self.mem is not None and not re.fullmatch(r"\d+([KMGT]B?)?", self.mem, re.I | re.A):
            problem = (
                f'"{self.mem}" is no size; it takes a whole number of MB, or such as 512M or 16G'
            )
            faults.append(Fault("--mem", problem))
        for words in self.sbatch:
            if not re.fullmatch(r"[a-z][a-z-]*(=.*)?", words):
                faults.append(Fault("--sbatch", f'"{words}" is not as in qos=long or exclusive'))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.srun_mpi):
            problem = f'"{self.srun_mpi}" is none of what `srun --mpi=list` names, such as pmi2'
            faults.append(Fault("--srun-mpi", problem))
        if faults:
            raise SpecError(faults, "the command line")

    def require_free(self) -> None:
        """Raise SpecError if ``sbatch`` has options that the jobs of a sweep set themselves."""
        faults = [
            Fault("--sbatch", f'"{words}" cannot be given: {why}')
            for words in self.sbatch
            # sbatch accepts abbreviated options.
            for own, why in _OWN.items()
            if own.startswith(words.partition("=")[0])
        ]
        if faults:
            raise SpecError(faults, "the command line")

    @property
    def ranks(self) -> int:
        """Number of processes that share a run."""
        return self.nodes * self.ntasks_per_node

    @property
    def minutes(self) -> int | None:
        """``time`` in minutes, rounded up; None if it is not a time."""
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
