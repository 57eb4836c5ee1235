"""Jobs by submitit, which writes, submits and requeues them: the one place that knows it.

It pickles what a task has to do, and starts it in the job. A signal before the end of a job's time
is its cue to put the job back into the queue; a run first stops with a checkpoint.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from scbsim.cluster.options import Options
from scbsim.errors import InputError, RunFailed, Stopped

if TYPE_CHECKING:
    from submitit import SlurmExecutor

SCRIPTS = "slurm"
"""The folder, in that of a sweep, of what submitit writes."""

SIGNAL = "USR1"
_BEFORE_THE_END = 90
"""Seconds from the signal to the end of a job's time: enough to write a large checkpoint."""

_OFTEN = 1_000_000
"""Times that a job may run out of time and go on."""

_HANDED_ON = ("SCBSIM_CACHE_DIR", "NUMBA_CACHE_DIR")


class Task:
    """What a task of a job does: some runs of the sweep in a folder, by their names."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, names: Sequence[str]) -> None:
        """Run them. On the signal, stop with a checkpoint and go back into the queue."""
        from submitit import JobEnvironment

        from scbsim.cluster.bundle import run_bundle
        from scbsim.cluster.slurm import is_running

        # Nothing is written from within a handler: a write may be what it interrupted.
        requeue: Any = signal.getsignal(signal.SIGUSR1)
        come: list[int] = []

        def handle(number: int, _frame: FrameType | None) -> None:
            come.append(number)

        for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)
        job = JobEnvironment().job_id
        failed = run_bundle(self.folder, names, job=job, stop=lambda: bool(come))
        if come:
            # One that was cancelled stays so; SIGTERM to one that was not is a preemption.
            if signal.SIGUSR1 in come or is_running(job):
                print(f"stopped with a checkpoint; job {job} goes back into the queue", flush=True)
                requeue(signal.SIGUSR1, None)
            sys.exit(Stopped.exit_status)
        if failed:
            raise RunFailed(f"{len(failed)} of {len(names)} runs failed: {', '.join(failed)}")

    def checkpoint(self, names: Sequence[str]) -> Any:
        """Return what the job does when it runs again: the same; what is finished is skipped."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, names)


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
        jobs = executor.map_array(Task(str(folder)), [tuple(names) for names in tasks])
    except (FailedJobError, FailedSubmissionError, OSError) as error:
        said = str(error).strip().splitlines()
        raise RunFailed(f"sbatch refused the job: {said[-1] if said else error!r}") from error
    return str(jobs[0].job_id.split("_")[0])


def script(folder: Path, job_name: str, count: int, options: Options) -> str:
    """Return the text that sbatch would be given for an array of so many tasks."""
    executor = _executor(folder, job_name, options)
    if count > 1:
        executor.parameters["map_count"] = count
    text: str = executor._make_submission_file_text(executor._submitit_command_str, "")
    return text


def _executor(folder: Path, job_name: str, options: Options) -> SlurmExecutor:
    try:
        from submitit import SlurmExecutor
    except ImportError:
        raise InputError(
            "submitit is not installed, by which jobs are submitted: pip install 'scbsim[cluster]'"
        ) from None

    class Executor(SlurmExecutor):  # type: ignore[misc]
        @classmethod
        def affinity(cls) -> int:
            # The text of a job can be written where there is no Slurm.
            return 2

    minutes = options.minutes or 0
    executor = Executor(folder / SCRIPTS, max_num_timeout=_OFTEN)
    # submitit's own signal is another, unless its environment says so before it is imported.
    before = min(_BEFORE_THE_END, minutes * 20)
    more: dict[str, str | bool] = {"requeue": True, "signal": f"{SIGNAL}@{before}"}
    if options.mem:
        more["mem"] = options.mem
    executor.update_parameters(
        job_name=job_name,
        partition=options.partition,
        account=options.account,
        time=minutes,
        cpus_per_task=options.cpus_per_task,
        array_parallelism=options.array_parallelism,
        wckey=None,
        setup=_setup(options),
        # Since Slurm 22.05 srun does not take it from the job.
        srun_args=[f"--cpus-per-task={options.cpus_per_task}"],
        additional_parameters={**more, **options.others},
    )
    return executor


def _setup(options: Options) -> list[str]:
    """Return what a job's shell sets: threads, and where compiled code is kept."""
    names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    values = {"SUBMITIT_PREEMPT_SIGNAL": SIGNAL, **dict.fromkeys(names, options.cpus_per_task)}
    values |= {name: os.environ[name] for name in _HANDED_ON if os.environ.get(name)}
    return [f"export {name}={shlex.quote(str(value))}" for name, value in values.items()]
