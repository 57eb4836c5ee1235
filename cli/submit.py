"""``scbsim submit``, ``resubmit`` and ``cancel``: a sweep or a phase diagram on a cluster."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli import completion
from scbsim.cli.cluster_options import cluster_options, given
from scbsim.cli.console import say
from scbsim.cli.grid_options import NAMES, grid_options, require_both, split_rules
from scbsim.cli.options import debug_option, output_option, set_option, sweep_folder_argument
from scbsim.cli.signals import interruptible
from scbsim.util.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from scbsim.cluster.submission import Submitted
    from scbsim.studies.phase.grid import Grid


@click.command(short_help="Submit a sweep, a single run or a phase diagram to Slurm.")
@click.argument("sweep", metavar="SWEEP.toml", shell_complete=completion.spec)
@output_option(
    "DIR", "The folder of the sweep or diagram, on a disk that all nodes see.", required=True
)
@partial(grid_options, required=False)
@set_option
@cluster_options
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print the scripts for sbatch, and what the runs or points will take; start nothing.",
)
@debug_option
@click.pass_context
@interruptible()
def submit(
    ctx: click.Context,
    /,
    sweep: str,
    output: Path,
    overrides: tuple[str, ...],
    dry_run: bool,
    **options: Any,
) -> None:
    """Submit the runs of SWEEP.toml (a spec with a table [sweep], or a single one) as job arrays.

    If there is no such file, SWEEP.toml may be the name of a preset (`scbsim presets`).

    Runs that are finished or in the queue are left alone, so the same command submits what is
    left. A run that is preempted or out of time stops with a checkpoint and is queued again.

    Without --time and --mem they are those that `scbsim estimate` finds, with a margin.

    With --nodes or --ntasks-per-node each run is distributed over that many MPI ranks.

    With --x and --y it is the diagram that `scbsim phase` draws, in parts of about the same length.
    """
    from scbsim.cluster.diagrams import diagram_folder
    from scbsim.cluster.executor import require_submitit
    from scbsim.cluster.needs import with_estimate, with_estimate_of_diagram
    from scbsim.cluster.options import Options
    from scbsim.cluster.submission import require_possible, scripts
    from scbsim.cluster.submission import submit as submit_work
    from scbsim.estimates.points import point_estimates
    from scbsim.spec.source import read_sweep
    from scbsim.sweep.folder import SweepFolder
    from scbsim.sweep.work import WorkFolder

    diagram = {name: options.pop(name) for name in NAMES}
    wanted = given(options)
    asked = Options(**wanted)
    folder: WorkFolder[Any]
    need: Callable[..., tuple[Options, list[str]]]
    if require_both(ctx):
        grid = _grid(sweep, overrides, **diagram)
        each = list(point_estimates(grid))
        folder = parts = diagram_folder(output, grid, each, asked, known=wanted)
        sizes = [len(part.points) for part in parts.parts]
        need = partial(with_estimate_of_diagram, sizes, each)
    else:
        folder = runs = SweepFolder(output, read_sweep(sweep, overrides))
        need = partial(with_estimate, runs.sweep)
    require_possible(folder, asked)
    if not dry_run:
        require_submitit()
    asked, lines = need(asked, known=wanted)
    if dry_run:
        for text in scripts(folder, asked):
            click.echo(text)
        for line in lines:
            say(f"# {line}")
        return
    done = submit_work(folder.created(), asked)
    for line in lines[-1:]:
        say(line)
    _report(output, done)


@click.command(short_help="Submit what is left of a sweep or diagram again.")
@sweep_folder_argument
@click.option("--failed", is_flag=True, help="Only runs that failed, were interrupted or stopped.")
@cluster_options
@debug_option
@interruptible()
def resubmit(folder: Path, failed: bool, **options: Any) -> None:
    """Submit the runs, or parts of a diagram, in DIR that are neither finished nor in the queue.

    Each resumes from its last checkpoint. Options that are not given are those of the last
    submission.
    """
    from dataclasses import replace

    from scbsim.cluster.folders import opened
    from scbsim.cluster.jobs import last_options
    from scbsim.cluster.submission import submit as submit_work

    there = opened(folder)
    asked = replace(last_options(there), **given(options))
    _report(folder, submit_work(there, asked, broken_only=failed))


def _grid(spec: str, overrides: tuple[str, ...], rules: str, **how: Any) -> Grid:
    from scbsim.spec.source import read_spec, without_threshold
    from scbsim.studies.phase.grid import Grid

    checked = read_spec(spec, [*overrides, *without_threshold(spec, overrides)])
    return Grid.of(checked, rules=split_rules(rules), **how)


def _report(path: Path, done: Submitted) -> None:
    tasks = sum(len(job.tasks) for job in done.jobs)
    jobs = ", ".join(f"job {job.id}" for job in done.jobs)
    if done.jobs:
        say(f"submitted: {counted(done.runs, done.part)} in {counted(tasks, 'task')} ({jobs})")
    else:
        say("nothing to submit")
    if done.finished or done.alive:
        say(f"left alone: {done.finished} finished, {done.alive} queued or running")
    say(f"next: scbsim status {quote(str(path))}")


@click.command(short_help="Remove a sweep or diagram from the queue.")
@sweep_folder_argument
@debug_option
@interruptible()
def cancel(folder: Path) -> None:
    """Cancel the jobs of what is in DIR, and no others.

    Active runs stop with a checkpoint; `scbsim resubmit DIR` resumes them.
    """
    from scbsim.cluster import slurm
    from scbsim.cluster.folders import opened
    from scbsim.cluster.jobs import job_name

    entries = slurm.queue_of(job_name(opened(folder)))
    jobs = sorted({entry.job for entry in entries})
    if not jobs:
        click.echo("none of its jobs is in the queue")
        return
    slurm.cancel(jobs)
    click.echo(
        f"cancelled: {counted(len(entries), 'task')} of {', '.join(f'job {job}' for job in jobs)}"
    )
