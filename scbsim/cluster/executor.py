"""Submission of jobs by submitit; no other module uses submitit.

submitit pickles the work of a task and starts it in the job. How a task ends, resumes and is
requeued is decided in :mod:`scbsim.cluster.job_step`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scbsim.cluster import script
from scbsim.cluster.job_step import JobStep
from scbsim.cluster.options import Options
from scbsim.errors import InputError, RunFailed, install

if TYPE_CHECKING:
    from submitit import SlurmExecutor


def require_writable_name(folder: Path) -> None:
    """Raise InputError if Slurm or submitit would interpret characters in the path of a folder."""
    path = os.path.realpath(folder)
    found = next((each for each in path if each in "%\\" or not each.isprintable()), None)
    if found is not None:
        raise InputError(
            f"{path!r} cannot be the folder of jobs: Slurm and submitit interpret {found!r} in "
            "the name of a file. Choose a path without it"
        )


def submit(folder: Path, job_name: str, tasks: Sequence[Sequence[str]], options: Options) -> str:
    """Submit a job with an array of tasks; return its id.

    Raise RunFailed if Slurm refuses it, with Slurm's message.
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
    """Raise InputError, with the command that installs submitit, if it cannot be imported."""
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
            # submitit's own check is not needed: sbatch reports what is missing.
            return 2

    executor = Executor(folder / script.SCRIPTS, python=script.python())
    executor.update_parameters(
        **script.parameters(job_name, options),
        array_parallelism=options.array_parallelism,
        wckey=None,
        setup=script.setup(options),
        teardown=script.TEARDOWN if options.ranks > 1 else None,
        srun_args=script.srun_options(options),
        additional_parameters=script.more_parameters(options),
    )
    return executor
