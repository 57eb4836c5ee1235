"""The script of a job, as submitit writes it, without need of submitit or Slurm.

:mod:`scbsim.cluster.executor` gives submitit the same parameters, and a test compares the scripts.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from scbsim.cluster.job_step import SIGNAL
from scbsim.cluster.options import Options
from scbsim.util.cores import OF_LIBRARIES

SCRIPTS = "slurm"
"""Name of the folder for submitit's files, in the folder of a sweep."""

_BEFORE_THE_END = 90
"""Seconds from the signal to the time limit of a job: enough to write a large checkpoint."""

_RESTARTS = 5
"""Number of restarts after which a job is no longer requeued when its ranks are killed."""

_PASSED_ON = ("SCBSIM_CACHE_DIR", "NUMBA_CACHE_DIR")


def script(folder: Path, job_name: str, count: int, options: Options) -> str:
    """Return the script that would be submitted for an array of ``count`` tasks."""
    logs = str(folder / SCRIPTS / "%j_%t_log")
    array = {}
    if count > 1:
        logs = logs.replace("%j", "%A_%a")
        at_once = min(count, options.array_parallelism)
        array = {"array": f"0-{count - 1}%{at_once}"}
    words = {
        **parameters(job_name, options),
        **array,
        "output": logs.replace("%t", "0") + ".out",
        "error": logs.replace("%t", "0") + ".err",
        "open-mode": "append",
        **more_parameters(options),
    }
    srun = ["srun", "--unbuffered", "--output", f"{logs}.out", "--error", f"{logs}.err"]
    command = f"{python()} -u -m submitit.core._submit {shlex.quote(str(folder / SCRIPTS))}"
    lines = [
        "#!/bin/bash",
        "",
        "# Parameters",
        *(_line(key, words[key]) for key in sorted(words)),
        "",
        "# setup",
        *setup(options),
        "",
        "# command",
        "export SUBMITIT_EXECUTOR=slurm",
        f"{shlex.join([*srun, *srun_options(options)])} {command}",
        "",
    ]
    if options.ranks > 1:
        lines += ["", "# teardown", *TEARDOWN]
    return "\n".join(lines)


def _line(key: str, value: str | int | bool) -> str:
    name = key.replace("_", "-")
    return f"#SBATCH --{name}" if value is True else f"#SBATCH --{name}={shlex.quote(str(value))}"


def parameters(job_name: str, options: Options) -> dict[str, str | int]:
    """Return the options of sbatch that submitit has parameters for, by their names."""
    given: dict[str, str | int | None] = {
        "job_name": job_name,
        "partition": options.partition,
        "account": options.account,
        "time": options.minutes,
        "cpus_per_task": options.cpus_per_task,
        "nodes": options.nodes,
        "ntasks_per_node": options.ntasks_per_node if options.ranks > 1 else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def more_parameters(options: Options) -> dict[str, str | bool]:
    """Return the other options of sbatch; ``signal`` replaces the one of submitit."""
    before = min(_BEFORE_THE_END, (options.minutes or 0) * 20)
    found: dict[str, str | bool] = {"requeue": True, "signal": f"{SIGNAL}@{before}"}
    if options.mem:
        found["mem"] = options.mem
    return {**found, **options.others}


def srun_options(options: Options) -> list[str]:
    """Return the options of srun, which since Slurm 22.05 does not inherit them from the job."""
    shared = [f"--mpi={options.srun_mpi}", "--kill-on-bad-exit=1"] if options.ranks > 1 else []
    return [f"--cpus-per-task={options.cpus_per_task}", *shared]


def python() -> str:
    """Return the command that starts Python, ignoring signals until it has handlers for them."""
    ignoring = f'trap "" {SIGNAL} TERM; exec "$0" "$@"'
    return shlex.join(["sh", "-c", ignoring, sys.executable])


TEARDOWN = f"""\
# ranks that were killed: the job goes on from its checkpoint, unless it was cancelled
status=$?
if [ $status -gt 128 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {_RESTARTS} ] &&
    scontrol --oneliner show job "$SLURM_JOB_ID" | grep -q JobState=RUNNING
then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit $status""".splitlines()
"""Last lines of the script of a job of several ranks."""


def setup(options: Options) -> list[str]:
    """Return the lines that set the environment: threads, and the cache of compiled code."""
    values = {
        "SUBMITIT_PREEMPT_SIGNAL": SIGNAL,
        **dict.fromkeys(OF_LIBRARIES, options.cpus_per_task),
    }
    values |= {name: os.environ[name] for name in _PASSED_ON if os.environ.get(name)}
    return [f"export {name}={shlex.quote(str(value))}" for name, value in values.items()]
