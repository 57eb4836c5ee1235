"""Jobs by submitit, which writes, submits and requeues them: the one place that knows it.

It pickles what a task has to do, and starts it in the job. How it ends, goes on, and goes back
into the queue is for :mod:`scbsim.cluster.job_step`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scbsim.cluster.job_step import JobStep
from scbsim.cluster.options import Options
from scbsim.cluster.script import (
    SCRIPTS,
    more,
    parameters,
    python,
    setup,
    srun_options,
    teardown,
)
from scbsim.errors import InputError, RunFailed, install

if TYPE_CHECKING:
    from submitit import SlurmExecutor


def require_writable_name(folder: Path) -> None:
    """Refuse a folder whose name means something else in the script of a job.

    Raises
    ------
    InputError
        With the reason.
    """
    path = os.path.realpath(folder)
    found = next((each for each in path if each in "%\\" or not each.isprintable()), None)
    if found is not None:
        raise InputError(
            f"{path!r} cannot be the folder of jobs: Slurm and submitit take {found!r} in the name "
            "of a file for something else. Take a folder without it, in its path, too"
        )


def submit(folder: Path, job_name: str, tasks: Sequence[Sequence[str]], options: Options) -> str:
    """Submit a job with an array of tasks; return its id.

    Raises
    ------
    RunFailed
        If Slurm does not take it, with what it says.
    """
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    executor = _executor(folder, job_name, options)
    try:
        jobs = executor.map_array(JobStep(str(folder)), [tuple(names) for names in tasks])
    except (FailedJobError, FailedSubmissionError, OSError) as error:
        said = str(error).strip().splitlines()
        raise RunFailed(f"sbatch refused the job: {said[-1] if said else error!r}") from error
    return str(jobs[0].job_id.split("_")[0])


def require_submitit() -> None:
    """Refuse to submit without submitit.

    Raises
    ------
    InputError
        With what to type.
    """
    try:
        import submitit  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"submitit, by which jobs are submitted, cannot be loaded ({error}): "
            f"{install('cluster')}"
        ) from None


def _executor(folder: Path, job_name: str, options: Options) -> SlurmExecutor:
    require_submitit()
    from submitit import SlurmExecutor

    class Executor(SlurmExecutor):  # type: ignore[misc]
        @classmethod
        def affinity(cls) -> int:
            # What is missing here, sbatch says.
            return 2

    executor = Executor(folder / SCRIPTS, python=python())
    executor.update_parameters(
        **parameters(job_name, options),
        array_parallelism=options.array_parallelism,
        wckey=None,
        setup=setup(options),
        teardown=teardown() if options.ranks > 1 else None,
        srun_args=srun_options(options),
        additional_parameters=more(options),
    )
    return executor
