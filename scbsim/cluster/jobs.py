"""The jobs of a sweep: which were submitted, and which runs each task of them has."""

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
from scbsim.sweep.folder import SweepFolder, write_json
from scbsim.sweep.states import Place

_FILE = "jobs.json"
_DAMAGED = (ValueError, KeyError, TypeError, RecursionError)
"""What is raised for a file or an entry that is not as it was written."""


@dataclass(frozen=True)
class Job:
    """An array that was submitted.

    Attributes
    ----------
    id : str
        Slurm's.
    tasks : tuple of tuples of str
        Names of the runs of each task.
    options : Options
    """

    id: str
    tasks: tuple[tuple[str, ...], ...]
    options: Options


def job_name(folder: SweepFolder) -> str:
    """Return the name of all jobs of a sweep, which those of no other have."""
    return f"scbsim-{folder.id}"


def read_jobs(folder: SweepFolder) -> list[Job]:
    """Return the jobs of a sweep that can be read, the last one last."""
    try:
        entries = _entries(folder)
    except OutputError:
        return []
    found = []
    for each in entries:
        with suppress(*_DAMAGED):
            found.append(_job(each))
    return found


def last_options(folder: SweepFolder) -> Options:
    """Return what the last job of a sweep asked for.

    Raises
    ------
    OutputError
        If that cannot be read.
    """
    entries = _entries(folder)
    try:
        return _job(entries[-1]).options if entries else Options()
    except _DAMAGED as error:
        raise _damaged(folder, error) from None


def _entries(folder: SweepFolder) -> list[Any]:
    """Return what was written of each job.

    Raises
    ------
    OutputError
        If their file is damaged.
    """
    try:
        found = json.loads((folder.path / _FILE).read_text(encoding="utf-8"))
        return list(found["jobs"])
    except FileNotFoundError:
        return []
    except (OSError, *_DAMAGED) as error:
        raise _damaged(folder, error) from None


def _damaged(folder: SweepFolder, error: Exception) -> OutputError:
    return OutputError(
        f"{folder.path / _FILE} is damaged ({error}), so what the last job asked for is not "
        "known: `scbsim submit` with all that it is to ask for submits what is left"
    )


def _job(found: Mapping[str, Any]) -> Job:
    options = dict(found["options"])
    options["sbatch"] = tuple(options["sbatch"])
    tasks = tuple(map(tuple, found["tasks"]))
    if not all(isinstance(name, str) for names in tasks for name in names):
        raise ValueError("a task has more than names of runs")
    return Job(str(found["id"]), tasks, Options(**options))


def was_submitted(folder: SweepFolder) -> bool:
    """Return whether anything of a sweep was ever submitted, or about to be."""
    return (folder.path / SCRIPTS).exists()


def add_job(folder: SweepFolder, job: Job) -> None:
    """Write down a job that was submitted."""
    path = folder.path / _FILE
    try:
        entries = _entries(folder)
    except OutputError:
        os.replace(path, path.with_name(f"{_FILE}.damaged"))
        entries = []
    entries.append({"id": job.id, "tasks": job.tasks, "options": asdict(job.options)})
    # On one line: with indentation, all runs of a large sweep take seconds.
    write_json(path, {"jobs": entries}, indent=None)


def places(folder: SweepFolder) -> dict[str, Place]:
    """Return where runs are in the queue, by their names.

    Raises
    ------
    NoSlurm
        If the queue cannot be asked.
    RunFailed
        If it has jobs of this sweep that were not written down.
    """
    tasks = {
        (job.id, index): names for job in read_jobs(folder) for index, names in enumerate(job.tasks)
    }
    found = {}
    for entry in queue_of(job_name(folder)):
        if (entry.job, entry.index) not in tasks:
            raise RunFailed(
                f"job {entry.job} of this sweep is in the queue, but not in {_FILE}: its "
                "submission was interrupted. `scbsim cancel` takes it away; then submit again"
            )
        for name in tasks[entry.job, entry.index]:
            found[name] = Place(entry.name, entry.state == "RUNNING", entry.reason)
    return found
