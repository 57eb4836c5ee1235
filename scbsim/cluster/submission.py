"""Submitting what is left of a sweep: what is finished or in the queue is not started again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from scbsim.cluster import executor
from scbsim.cluster.executor import require_writable_name
from scbsim.cluster.jobs import Job, add_job, job_name, places
from scbsim.cluster.options import Options
from scbsim.cluster.script import script
from scbsim.cluster.slurm import LARGEST_ARRAY, largest_array
from scbsim.mpi.shareable import require_shareable
from scbsim.spec.sweep import Sweep
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.states import ALIVE, BROKEN, FINISHED, RunState, states


@dataclass
class Submitted:
    """What was submitted, and what was not.

    Attributes
    ----------
    jobs : list of Job
    finished, alive : int
        Runs that are finished, and those in the queue or being written.
    """

    jobs: list[Job] = field(default_factory=list)
    finished: int = 0
    alive: int = 0

    @property
    def runs(self) -> int:
        """How many were submitted."""
        return sum(len(names) for job in self.jobs for names in job.tasks)


def require_possible(path: Path, sweep: Sweep, options: Options) -> None:
    """Refuse what would not work once it is submitted.

    Parameters
    ----------
    path : Path
        The folder of the sweep.
    sweep : Sweep
    options : Options

    Raises
    ------
    InputError
        If Slurm cannot be told of the folder, options take what jobs depend on, or some runs
        cannot be shared by so many ranks.
    """
    require_writable_name(path)
    options.require_free()
    if options.ranks > 1:
        for run in sweep.runs:
            require_shareable(sweep.spec_of(run), options.ranks)


def submit(folder: SweepFolder, options: Options, *, broken_only: bool = False) -> Submitted:
    """Submit the runs that are neither finished nor in the queue.

    Parameters
    ----------
    folder : SweepFolder
    options : Options
    broken_only : bool
        Only those that failed, were interrupted or stopped.

    Raises
    ------
    InputError
        As :func:`require_possible` says.
    RunFailed
        If Slurm does not answer or does not take a job; those that it took are written down.
    """
    require_possible(folder.path, folder.sweep, options)
    with folder.held():
        found = states(folder, places(folder))
        done = Submitted(
            finished=sum(each.state in FINISHED for each in found),
            alive=sum(each.state in ALIVE for each in found),
        )
        most = largest_array() or LARGEST_ARRAY
        for tasks, wanted in arrays(_wanted(found, broken_only), options, most):
            id = executor.submit(folder.path, job_name(folder), tasks, wanted)
            job = Job(id, tuple(map(tuple, tasks)), options)
            add_job(folder, job)
            done.jobs.append(job)
    return done


def scripts(folder: SweepFolder, options: Options) -> list[str]:
    """Return what sbatch would be given for all of a sweep; nothing is written or started."""
    names = [run.name for run in folder.sweep.runs]
    most = largest_array() or LARGEST_ARRAY
    return [
        script(folder.path, job_name(folder), len(tasks), wanted)
        for tasks, wanted in arrays(names, options, most)
    ]


def arrays(
    names: Sequence[str], options: Options, most: int
) -> list[tuple[list[list[str]], Options]]:
    """Bundle runs into tasks, and tasks into arrays that a site takes.

    Arrays run side by side, so each gets its share of the tasks that may run at a time.
    """
    size = options.runs_per_task
    tasks = [list(names[i : i + size]) for i in range(0, len(names), size)]
    parts = [tasks[i : i + most] for i in range(0, len(tasks), most)]
    share = max(1, options.array_parallelism // max(1, len(parts)))
    return [(part, replace(options, array_parallelism=share)) for part in parts]


def _wanted(found: Sequence[RunState], broken_only: bool) -> list[str]:
    """Return the names of the runs to submit: those that were never begun first.

    One that takes its task down with it, by its memory say, then takes no others along for ever.
    """
    left = [each for each in found if each.state not in FINISHED | ALIVE]
    if broken_only:
        left = [each for each in left if each.state in BROKEN]
    return [each.run.name for each in sorted(left, key=lambda each: each.state in BROKEN)]
