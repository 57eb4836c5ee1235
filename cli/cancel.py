"""``scbsim cancel``: a sweep off the queue."""

from __future__ import annotations

from pathlib import Path

import click

from scbsim.cli.options import debug_option
from scbsim.cli.signals import interruptible


@click.command(short_help="Take a sweep off the queue.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@debug_option
@interruptible()
def cancel(folder: Path) -> None:
    """Cancel the jobs of the sweep in DIR, and no others.

    Runs in hand stop with a checkpoint; `scbsim resubmit DIR` goes on with them.
    """
    from scbsim.cluster.jobs import job_name
    from scbsim.cluster.slurm import cancel as cancel_jobs
    from scbsim.cluster.slurm import queue_of
    from scbsim.sweep.folder import SweepFolder

    entries = queue_of(job_name(SweepFolder.open(folder)))
    jobs = sorted({entry.job for entry in entries})
    if not jobs:
        click.echo("nothing of it is in the queue")
        return
    cancel_jobs(jobs)
    click.echo(f"cancelled: {len(entries)} tasks of {', '.join(f'job {job}' for job in jobs)}")
