"""``scbsim submit``, ``resubmit`` and ``cancel``: a sweep on a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli.cluster_options import cluster_options, given
from scbsim.cli.console import say
from scbsim.cli.options import debug_option, output_option, set_option, sweep_folder_argument
from scbsim.cli.signals import interruptible
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.cluster.submission import Submitted


@click.command(short_help="Submit a sweep, or a single run, to Slurm.")
@click.argument("sweep", metavar="SWEEP.toml")
@output_option("DIR", "The folder of the sweep, on a disk that all nodes see.", required=True)
@set_option
@cluster_options
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print what the runs will take, and the scripts for sbatch; start nothing.",
)
@debug_option
@interruptible()
def submit(
    sweep: str, output: Path, overrides: tuple[str, ...], dry_run: bool, **options: Any
) -> None:
    """Submit the runs of SWEEP.toml (a spec with a table [sweep], or a single one) as job arrays.

    If there is no such file, SWEEP.toml may be the name of a preset (`scbsim presets`).

    Runs that are finished or in the queue are left alone, so the same command submits what is
    left. A run that is preempted or out of time stops with a checkpoint and is queued again.

    Without --time and --mem these are from `scbsim estimate`, with a margin.

    With --nodes or --ntasks-per-node each run is distributed over that many MPI ranks.
    """
    from scbsim.cluster.executor import require_submitit
    from scbsim.cluster.needs import with_estimate
    from scbsim.cluster.options import Options
    from scbsim.cluster.submission import require_possible, scripts
    from scbsim.cluster.submission import submit as submit_sweep
    from scbsim.spec.source import read_sweep
    from scbsim.sweep.folder import SweepFolder

    wanted = given(options)
    asked, checked = Options(**wanted), read_sweep(sweep, overrides)
    require_possible(output, checked, asked)
    if not dry_run:
        require_submitit()
    asked, lines = with_estimate(checked, asked, known=wanted)
    if dry_run:
        for text in scripts(SweepFolder(output.absolute(), checked, "dry-run"), asked):
            click.echo(text)
        for line in lines:
            say(f"# {line}")
        return
    done = submit_sweep(SweepFolder.made(output, checked), asked)
    say(lines[-1])
    _report(output, done)


@click.command(short_help="Submit what is left of a sweep again.")
@sweep_folder_argument
@click.option("--failed", is_flag=True, help="Only runs that failed, were interrupted or stopped.")
@cluster_options
@debug_option
@interruptible()
def resubmit(folder: Path, failed: bool, **options: Any) -> None:
    """Submit the runs in DIR that are neither finished nor in the queue.

    Each resumes from its last checkpoint. Options that are not given are those of the last
    submission.
    """
    from dataclasses import replace

    from scbsim.cluster.jobs import last_options
    from scbsim.cluster.submission import require_possible
    from scbsim.cluster.submission import submit as submit_sweep
    from scbsim.sweep.folder import SweepFolder

    there = SweepFolder.open(folder)
    asked = replace(last_options(there), **given(options))
    require_possible(folder, there.sweep, asked)
    _report(folder, submit_sweep(there, asked, broken_only=failed))


def _report(path: Path, done: Submitted) -> None:
    tasks = sum(len(job.tasks) for job in done.jobs)
    jobs = ", ".join(f"job {job.id}" for job in done.jobs)
    if done.jobs:
        say(f"submitted: {done.runs} runs in {tasks} tasks ({jobs})")
    else:
        say("nothing to submit")
    if done.finished or done.alive:
        say(f"left alone: {done.finished} finished, {done.alive} queued or running")
    say(f"next: scbsim status {path}")


@click.command(short_help="Remove a sweep from the queue.")
@sweep_folder_argument
@debug_option
@interruptible()
def cancel(folder: Path) -> None:
    """Cancel the jobs of the sweep in DIR, and no others.

    Active runs stop with a checkpoint; `scbsim resubmit DIR` resumes them.
    """
    from scbsim.cluster import slurm
    from scbsim.cluster.jobs import job_name
    from scbsim.sweep.folder import SweepFolder

    entries = slurm.queue_of(job_name(SweepFolder.open(folder)))
    jobs = sorted({entry.job for entry in entries})
    if not jobs:
        click.echo("none of its jobs is in the queue")
        return
    slurm.cancel(jobs)
    click.echo(
        f"cancelled: {counted(len(entries), 'task')} of {', '.join(f'job {job}' for job in jobs)}"
    )
