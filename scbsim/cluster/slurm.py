"""What Slurm knows, asked by its own commands; nothing here waits for a job."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
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
    name : str
        For people and for Slurm's commands.
    job : str
        Of the array.
    index : int
        In the array; 0 of a job that is none.
    state : str
        ``PENDING``, ``RUNNING`` and so on.
    reason : str
        Why it waits, or where it runs.
    """

    name: str
    job: str
    index: int
    state: str
    reason: str


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
        name = _name(job, index)
        entries.append(Entry(name, job, int(index) if name != job else 0, state, reason))
    return entries


def this_task(environment: Mapping[str, str] = os.environ) -> str:
    """Return the name of the task that this process is of."""
    job = environment.get("SLURM_ARRAY_JOB_ID") or environment["SLURM_JOB_ID"]
    return _name(job, environment.get("SLURM_ARRAY_TASK_ID", ""))


def _name(job: str, index: str) -> str:
    return f"{job}_{index}" if index.isdigit() else job


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


def requeue(task: str) -> None:
    """Put a task that runs back into the queue; it begins again when it can.

    Raises
    ------
    NoSlurm
        If Slurm cannot be told, or does not do it.
    """
    done = _ended("scontrol", "requeue", task)
    # What then ends the task may end the command before it can say that all is well.
    if done.returncode > 0:
        raise NoSlurm(f"scontrol requeue failed: {_error(done)}")


def cancel(jobs: Sequence[str]) -> None:
    """Take jobs off the queue; those that run get SIGTERM, and stop with a checkpoint.

    Raises
    ------
    NoSlurm
        If Slurm cannot be told.
    """
    _said("scancel", *jobs)


def _said(*words: str) -> str:
    done = _ended(*words)
    if done.returncode:
        raise NoSlurm(f"{words[0]} failed: {_error(done)}")
    return done.stdout


def _error(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stderr.split()) or f"status {done.returncode}"


def _ended(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except FileNotFoundError:
        raise NoSlurm(
            f"{words[0]} is not on this machine: is this a cluster's login node?"
        ) from None
    except subprocess.TimeoutExpired:
        raise NoSlurm(f"{words[0]} did not answer in {_SECONDS:g} s; try again") from None
