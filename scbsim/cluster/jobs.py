"""The jobs of a sweep: which were submitted, and which runs each task of them has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scbsim.cluster.executor import SCRIPTS
from scbsim.cluster.options import Options
from scbsim.cluster.slurm import queue_of
from scbsim.errors import OutputError, RunFailed
from scbsim.sweep.folder import SweepFolder, write_json
from scbsim.sweep.states import Place

_FILE = "jobs.json"


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
    """Return the jobs of a sweep, the last one last.

    Raises
    ------
    OutputError
        If their file is damaged.
    """
    path = folder.path / _FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [_job(each) for each in found["jobs"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{path} is damaged: {error}") from None


def _job(found: Mapping[str, Any]) -> Job:
    options = dict(found["options"])
    options["sbatch"] = tuple(options["sbatch"])
    return Job(str(found["id"]), tuple(map(tuple, found["tasks"])), Options(**options))


def was_submitted(folder: SweepFolder) -> bool:
    """Return whether anything of a sweep was ever submitted, or about to be."""
    return (folder.path / SCRIPTS).exists()


def add_job(folder: SweepFolder, job: Job) -> None:
    """Write down a job that was submitted."""
    jobs = [*read_jobs(folder), job]
    write_json(folder.path / _FILE, {"jobs": [asdict(each) for each in jobs]})


def places(folder: SweepFolder) -> dict[str, Place]:
    """Return where runs are in the queue, by their names.

    Raises
    ------
    NoSlurm
        If the queue cannot be asked.
    RunFailed
        If it has jobs of this sweep that were not written down.
    """
    jobs = {job.id: job for job in read_jobs(folder)}
    found = {}
    for entry in queue_of(job_name(folder)):
        if entry.job not in jobs:
            raise RunFailed(
                f"job {entry.job} of this sweep is in the queue, but not in {_FILE}: its "
                "submission was interrupted. `scbsim cancel` takes it away; then submit again"
            )
        for name in jobs[entry.job].tasks[entry.index]:
            found[name] = Place(entry.name, entry.state == "RUNNING", entry.reason)
    return found
