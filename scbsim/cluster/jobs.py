"""The jobs of a sweep that were submitted, and the runs of each of their tasks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from scbsim.cluster.options import Options
from scbsim.cluster.script import SCRIPTS
from scbsim.cluster.slurm import queue_of
from scbsim.errors import OutputError, RunFailed
from scbsim.sweep.states import QueuedTask
from scbsim.sweep.work import WorkFolder, write_json

_FILE = "jobs.json"
_DAMAGED = (ValueError, KeyError, TypeError, RecursionError)
"""Errors from a file or an entry with other content than was written."""


@dataclass(frozen=True)
class Job:
    """A job array that was submitted: Slurm's id, and the names of the runs of each task."""

    id: str
    tasks: tuple[tuple[str, ...], ...]
    options: Options


def job_name(folder: WorkFolder[Any]) -> str:
    """Return the name of all jobs of a sweep, which no other sweep uses."""
    return f"scbsim-{folder.id}"


def read_jobs(folder: WorkFolder[Any]) -> list[Job]:
    """Return the jobs of a sweep in order; those that cannot be read are left out."""
    try:
        entries = _entries(folder)
    except OutputError:
        return []
    found = []
    for each in entries:
        with suppress(*_DAMAGED):
            found.append(_job(each))
    return found


def last_options(folder: WorkFolder[Any]) -> Options:
    """Return the options of the last job of a sweep; raise OutputError if they are damaged."""
    entries = _entries(folder)
    try:
        return _job(entries[-1]).options if entries else Options()
    except _DAMAGED as error:
        raise _damaged(folder, error) from None


def _entries(folder: WorkFolder[Any]) -> list[Any]:
    """Return the JSON of each job; raise OutputError if the file is damaged."""
    try:
        found = json.loads((folder.path / _FILE).read_text(encoding="utf-8"))
        return list(found["jobs"])
    except FileNotFoundError:
        return []
    except (OSError, *_DAMAGED) as error:
        raise _damaged(folder, error) from None


def _damaged(folder: WorkFolder[Any], error: Exception) -> OutputError:
    return OutputError(
        f"{folder.path / _FILE} is damaged ({error}), so the options of the last job are not "
        "known: `scbsim submit` with all options submits what is left"
    )


def _job(found: Mapping[str, Any]) -> Job:
    options = dict(found["options"])
    options["sbatch"] = tuple(options["sbatch"])
    tasks = tuple(map(tuple, found["tasks"]))
    if not all(isinstance(name, str) for names in tasks for name in names):
        raise ValueError("a task has something other than names of runs")
    return Job(str(found["id"]), tasks, Options(**options))


def was_submitted(folder: WorkFolder[Any]) -> bool:
    """Return whether a submission of the sweep was ever begun."""
    return (folder.path / SCRIPTS).exists()


def add_job(folder: WorkFolder[Any], job: Job) -> None:
    """Record a job that was submitted."""
    path = folder.path / _FILE
    try:
        entries = _entries(folder)
    except OutputError:
        os.replace(path, path.with_name(f"{_FILE}.damaged"))
        entries = []
    entries.append({"id": job.id, "tasks": job.tasks, "options": asdict(job.options)})
    # Without indentation, which takes seconds for a large sweep.
    write_json(path, {"jobs": entries}, indent=None)


def queued_tasks(folder: WorkFolder[Any]) -> dict[str, QueuedTask]:
    """Return the task in the queue of each run that has one, by name.

    Raises
    ------
    NoSlurm
        If the queue cannot be read.
    RunFailed
        If it has jobs of this sweep that were not recorded.
    """
    tasks = {
        (job.id, index): names for job in read_jobs(folder) for index, names in enumerate(job.tasks)
    }
    found = {}
    for entry in queue_of(job_name(folder)):
        if (entry.job, entry.index) not in tasks:
            raise RunFailed(
                f"job {entry.job} of this sweep is in the queue, but not in {_FILE}: its "
                "submission was interrupted. `scbsim cancel` removes it; then submit again"
            )
        for name in tasks[entry.job, entry.index]:
            found[name] = QueuedTask(entry.name, entry.state == "RUNNING", entry.reason)
    return found
