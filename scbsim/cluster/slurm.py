"""Queries and commands to Slurm, by its own programs; none of them waits for a job."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scbsim.errors import RunFailed

_SECONDS = 60.0
LARGEST_ARRAY = 1001
"""Slurm's default MaxArraySize, used if the site's is not known."""


class NoSlurm(RunFailed):
    """Slurm's programs are missing, or do not answer."""


@dataclass(frozen=True)
class Entry:
    """A task in the queue."""

    name: str  # Slurm's name of the task, such as 1234_5
    job: str  # id of the array
    index: int  # in the array; 0 if the job is not an array
    state: str  # PENDING, RUNNING and so on
    reason: str  # why it waits, or where it runs


def queue_of(job_name: str) -> list[Entry]:
    """Return the waiting and running tasks of all jobs of a name; raise NoSlurm if that fails."""
    lines = _output("squeue", "--noheader", "--array", f"--name={job_name}", "--format=%F|%K|%T|%R")
    entries = []
    for line in lines.splitlines():
        job, index, state, reason = line.split("|", 3)
        name = _name(job, index)
        entries.append(Entry(name, job, int(index) if name != job else 0, state, reason))
    return entries


def this_task(environment: Mapping[str, str] = os.environ) -> str:
    """Return the name of the task that this process belongs to."""
    job = environment.get("SLURM_ARRAY_JOB_ID") or environment["SLURM_JOB_ID"]
    return _name(job, environment.get("SLURM_ARRAY_TASK_ID", ""))


def _name(job: str, index: str) -> str:
    return f"{job}_{index}" if index.isdigit() else job


def largest_array() -> int | None:
    """Return the largest number of tasks in an array at this site; None if that is not known."""
    try:
        found = re.search(r"^MaxArraySize\s*=\s*(\d+)", _output("scontrol", "show", "config"), re.M)
    except NoSlurm:
        return None
    return int(found[1]) if found else None


def is_running(job: str) -> bool:
    """Return whether a task is running, and neither cancelled nor ending."""
    try:
        return "JobState=RUNNING" in _output("scontrol", "--oneliner", "show", "job", job)
    except NoSlurm:
        return False


def requeue(task: str) -> None:
    """Put a running task back into the queue; raise NoSlurm if that fails."""
    done = _run("scontrol", "requeue", task)
    # The requeue may kill this command, too, before it reports success.
    if done.returncode > 0:
        raise NoSlurm(f"scontrol requeue failed: {_error(done)}")


def cancel(jobs: Sequence[str]) -> None:
    """Cancel jobs; running ones get SIGTERM, and stop with a checkpoint. May raise NoSlurm."""
    _output("scancel", *jobs)


def _output(*words: str) -> str:
    done = _run(*words)
    if done.returncode:
        raise NoSlurm(f"{words[0]} failed: {_error(done)}")
    return done.stdout


def _error(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stderr.split()) or f"status {done.returncode}"


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except FileNotFoundError:
        raise NoSlurm(
            f"{words[0]} is not on this machine: is this a cluster's login node?"
        ) from None
    except subprocess.TimeoutExpired:
        raise NoSlurm(f"{words[0]} did not answer in {_SECONDS:g} s; try again") from None
