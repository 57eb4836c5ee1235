"""Jobs by submitit, which writes, submits and requeues them: the one place that knows it.

It pickles what a task has to do, and starts it in the job. How it ends, goes on, and goes back
into the queue is for :mod:`scbsim.cluster.task`.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scbsim.cluster.options import Options
from scbsim.cluster.task import SIGNAL, Task
from scbsim.errors import InputError, RunFailed

if TYPE_CHECKING:
    from submitit import SlurmExecutor

SCRIPTS = "slurm"
"""The folder, in that of a sweep, of what submitit writes."""

_BEFORE_THE_END = 90
"""Seconds from the signal to the end of a job's time: enough to write a large checkpoint."""

_RESTARTS = 5
"""How often a job may have begun again when ranks that were killed make it do so once more."""

_HANDED_ON = ("SCBSIM_CACHE_DIR", "NUMBA_CACHE_DIR")


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
    executor = Executor(folder / SCRIPTS, python=_python())
    # submitit's own signal is another, unless its environment says so before it is imported.
    before = min(_BEFORE_THE_END, minutes * 20)
    more: dict[str, str | bool] = {"requeue": True, "signal": f"{SIGNAL}@{before}"}
    if options.mem:
        more["mem"] = options.mem
    # Since Slurm 22.05 srun does not take it from the job.
    srun = [f"--cpus-per-task={options.cpus_per_task}"]
    shared = {}
    if options.ranks > 1:
        srun += [f"--mpi={options.srun_mpi}", "--kill-on-bad-exit=1"]
        shared = {"nodes": options.nodes, "ntasks_per_node": options.ntasks_per_node}
    executor.update_parameters(
        job_name=job_name,
        partition=options.partition,
        account=options.account,
        time=minutes,
        cpus_per_task=options.cpus_per_task,
        array_parallelism=options.array_parallelism,
        wckey=None,
        setup=_setup(options),
        teardown=_AFTER.splitlines() if options.ranks > 1 else None,
        srun_args=srun,
        additional_parameters={**more, **options.others},
        **shared,
    )
    return executor


def _python() -> str:
    """Return what starts Python, deaf to signals until it can answer them: at first they kill."""
    deaf = f'trap "" {SIGNAL} TERM; exec "$0" "$@"'
    return shlex.join(["sh", "-c", deaf, sys.executable])


_AFTER = f"""\
# ranks that were killed: the job goes on from its checkpoint, unless it was cancelled
status=$?
if [ $status -gt 128 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {_RESTARTS} ] &&
    scontrol --oneliner show job "$SLURM_JOB_ID" | grep -q JobState=RUNNING
then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit $status"""


def _setup(options: Options) -> list[str]:
    """Return what a job's shell sets: threads, and where compiled code is kept."""
    names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    values = {"SUBMITIT_PREEMPT_SIGNAL": SIGNAL, **dict.fromkeys(names, options.cpus_per_task)}
    values |= {name: os.environ[name] for name in _HANDED_ON if os.environ.get(name)}
    return [f"export {name}={shlex.quote(str(value))}" for name, value in values.items()]
