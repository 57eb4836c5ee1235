"""``scbsim sweep``: run a sweep on this machine."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import click

from scbsim.cli import completion
from scbsim.cli.console import say
from scbsim.cli.exits import FAILED, STOPPED
from scbsim.cli.options import debug_option, output_option, quiet_option, set_option


@click.command(short_help="Run a sweep on this machine.")
@click.argument("sweep", metavar="SWEEP.toml", shell_complete=completion.spec)
@output_option("DIR", "The folder of the sweep.", required=True)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    help="Runs at a time; the number of cores by default. Runs share the threads.",
)
@set_option
@quiet_option
@debug_option
@click.pass_context
def sweep(
    ctx: click.Context,
    sweep: str,
    output: Path,
    jobs: int | None,
    overrides: tuple[str, ...],
    quiet: bool,
) -> None:
    """Run every run of SWEEP.toml, a spec with a table [sweep].

    If there is no such file, SWEEP.toml may be the name of a preset, such as `sweep`.

    \b
    [sweep]
    product = {"task.N" = [100, 500], "seed" = "0:20"}

    Each run has a folder in DIR, named by what varies, with its file run.h5. Run again, the command
    keeps what is finished, resumes what is not, and retries what failed. Exit status: 0 all done, 1
    some failed, 75 stopped on a signal.
    """  # noqa: D301  (click reads the escape)
    from time import perf_counter

    from scbsim.cli.signals import stopping
    from scbsim.cli.summary import duration
    from scbsim.cli.sweep_progress import reporting, tally_text
    from scbsim.spec.source import read_sweep
    from scbsim.sweep.folder import SweepFolder
    from scbsim.sweep.functions import require_functions
    from scbsim.sweep.local import run_sweep

    began = perf_counter()
    checked = read_sweep(sweep, overrides)
    require_functions(checked)
    folder = SweepFolder.made(output, checked)
    with folder.held(), stopping() as stop, reporting(folder, quiet) as report:
        tally = run_sweep(folder, jobs=jobs, report=report, stop=stop)
    wrong = bool(tally.failed or tally.stopped)
    if not quiet or wrong:
        took = f" in {duration(perf_counter() - began)}"
        kept = f"; {tally.kept} of them were finished before" if tally.kept else ""
        click.echo(f"{tally_text(tally)}{took}{kept}", err=quiet)
    if not quiet:
        again = "scbsim status {}" if wrong else "scbsim collect {} -o ALL.h5"
        say(f"next: {again.format(quote(str(output)))}")
    if tally.stopped:
        ctx.exit(STOPPED)
    if tally.failed:
        ctx.exit(FAILED)
