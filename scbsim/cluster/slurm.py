"""What Slurm knows, asked by its own commands; nothing here waits for a job."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from scbsim.errors import RunFailed

_SECONDS = 60.0
LARGEST_ARRAY = 1001
"""Slurm's own MaxArraySize, where the site's cannot be asked."""


class NoSlurm(RunFailed):
    """Slurm's commands are not here, or do not answer."""


@dataclass(frozen=True)
class Entry:
    """A task in the queue.

    Attributes
    ----------
    job : str
        Of the array.
    index : int
        In the array; 0 of a job that is none.
    state : str
        ``PENDING``, ``RUNNING`` and so on.
    reason : str
        Why it waits, or where it runs.
    """

    job: str
    index: int
    state: str
    reason: str

    @property
    def name(self) -> str:
        """Its name for people and for Slurm's commands."""
        return f"{self.job}_{self.index}"


def queue_of(job_name: str) -> list[Entry]:
    """Return the tasks of all jobs of a name that wait or run.

    Raises
    ------
    NoSlurm
        If the queue cannot be asked.
    """
    lines = _said("squeue", "--noheader", "--array", f"--name={job_name}", "--format=%F|%K|%T|%R")
    entries = []
    for line in lines.splitlines():
        job, index, state, reason = line.split("|", 3)
        entries.append(Entry(job, int(index) if index.isdigit() else 0, state, reason))
    return entries


def largest_array() -> int | None:
    """Return the most tasks of an array at this site; None where it cannot be asked."""
    try:
        found = re.search(r"^MaxArraySize\s*=\s*(\d+)", _said("scontrol", "show", "config"), re.M)
    except NoSlurm:
        return None
    return int(found[1]) if found else None


def is_running(job: str) -> bool:
    """Return whether a task is running, and neither cancelled nor on its way out."""
    try:
        said = _said("scontrol", "--oneliner", "show", "job", job)
    except NoSlurm:
        return False
    return "JobState=RUNNING" in said


def cancel(jobs: Sequence[str]) -> None:
    """Take jobs off the queue; those that run get SIGTERM, and stop with a checkpoint.

    Raises
    ------
    NoSlurm
        If Slurm cannot be told.
    """
    _said("scancel", *jobs)


def _said(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except FileNotFoundError:
        raise NoSlurm(
            f"{words[0]} is not on this machine: is this a cluster's login node?"
        ) from None
    except subprocess.TimeoutExpired:
        raise NoSlurm(f"{words[0]} did not answer in {_SECONDS:g} s; try again") from None
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"status {done.returncode}"
        raise NoSlurm(f"{words[0]} failed: {said}")
    return done.stdout
