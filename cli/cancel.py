"""``scbsim cancel``: remove a sweep from the queue."""

from __future__ import annotations

from pathlib import Path

import click

from scbsim.cli.options import debug_option, sweep_folder_argument
from scbsim.cli.signals import interruptible


@click.command(short_help="Remove a sweep from the queue.")
@sweep_folder_argument
@debug_option
@interruptible()
def cancel(folder: Path) -> None:
    """Cancel the jobs of the sweep in DIR, and no others.

    Active runs stop with a checkpoint; `scbsim resubmit DIR` resumes them.
    """
    from scbsim.cluster.jobs import job_name
    from scbsim.cluster.slurm import cancel as cancel_jobs
    from scbsim.cluster.slurm import queue_of
    from scbsim.sweep.folder import SweepFolder

    entries = queue_of(job_name(SweepFolder.open(folder)))
    jobs = sorted({entry.job for entry in entries})
    if not jobs:
        click.echo("none of its jobs is in the queue")
        return
    cancel_jobs(jobs)
    click.echo(f"cancelled: {len(entries)} tasks of {', '.join(f'job {job}' for job in jobs)}")
