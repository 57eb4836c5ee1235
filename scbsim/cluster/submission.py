"""Submission of the runs of a sweep, or parts of a diagram, that are not finished or queued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scbsim.cluster import executor
from scbsim.cluster.executor import require_writable_name
from scbsim.cluster.jobs import Job, add_job, job_name, queued_tasks
from scbsim.cluster.options import Options
from scbsim.cluster.script import script
from scbsim.cluster.slurm import LARGEST_ARRAY, largest_array
from scbsim.sweep.states import ALIVE, BROKEN, FINISHED, RunState, states
from scbsim.sweep.work import WorkFolder


@dataclass
class Submitted:
    """The submitted jobs, and how many runs are finished, and in the queue or being written."""

    jobs: list[Job] = field(default_factory=list)
    finished: int = 0
    alive: int = 0
    part: str = "run"  # what each is called

    @property
    def runs(self) -> int:
        """Number of runs that were submitted."""
        return sum(len(names) for job in self.jobs for names in job.tasks)


def require_possible(folder: WorkFolder[Any], options: Options) -> None:
    """Check that the jobs of a folder would work.

    Raise OutputError if a file is in its place. Raise InputError if Slurm cannot use its path,
    ``options.sbatch`` has options that jobs set themselves, functions of a spec cannot be loaded,
    or so many ranks cannot share a run.
    """
    folder.require_no_file()
    require_writable_name(folder.path)
    options.require_free()
    folder.require_sound(options.ranks)


def submit(folder: WorkFolder[Any], options: Options, *, broken_only: bool = False) -> Submitted:
    """Submit the runs that are neither finished nor in the queue.

    With ``broken_only``, only those that failed, were interrupted or stopped.

    Raises
    ------
    InputError
        As :func:`require_possible`.
    RunFailed
        If Slurm does not answer or refuses a job; jobs submitted before that are recorded.
    """
    require_possible(folder, options)
    with folder.held():
        found = states(folder, queued_tasks(folder))
        done = Submitted(
            part=folder.PART,
            finished=sum(each.state in FINISHED for each in found),
            alive=sum(each.state in ALIVE for each in found),
        )
        most = largest_array() or LARGEST_ARRAY
        for tasks, wanted in arrays(_to_submit(found, broken_only), options, most):
            id = executor.submit(folder.path, job_name(folder), tasks, wanted)
            job = Job(id, tuple(map(tuple, tasks)), options)
            add_job(folder, job)
            done.jobs.append(job)
    return done


def scripts(folder: WorkFolder[Any], options: Options) -> list[str]:
    """Return the scripts that would be submitted for all runs; nothing is written or started."""
    names = [part.name for part in folder.parts]
    most = largest_array() or LARGEST_ARRAY
    return [
        script(folder.path, job_name(folder), len(tasks), wanted)
        for tasks, wanted in arrays(names, options, most)
    ]


def arrays(
    names: Sequence[str], options: Options, most: int
) -> list[tuple[list[list[str]], Options]]:
    """Group runs into tasks, and tasks into arrays of at most ``most`` tasks.

    The arrays run at the same time, so they share the number of tasks that may run at a time.
    """
    size = options.runs_per_task
    tasks = [list(names[i : i + size]) for i in range(0, len(names), size)]
    parts = [tasks[i : i + most] for i in range(0, len(tasks), most)]
    share = max(1, options.array_parallelism // max(1, len(parts)))
    return [(part, replace(options, array_parallelism=share)) for part in parts]


def _to_submit(found: Sequence[RunState[Any]], broken_only: bool) -> list[str]:
    """Return the names of the runs to submit, with those that were never begun first.

    So a run that always kills its task, say by its memory, does not keep the same runs from
    starting.
    """
    left = [each for each in found if each.state not in FINISHED | ALIVE]
    if broken_only:
        left = [each for each in left if each.state in BROKEN]
    return [each.run.name for each in sorted(left, key=lambda each: each.state in BROKEN)]
