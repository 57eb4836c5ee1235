"""``scbsim verify``: the reduced engines beside the dense one, in law."""

from __future__ import annotations

import click

from scbsim.cli.options import debug_option, quiet_option, threads_option


@click.command(short_help="Compare every engine with the dense one, in law.")
@click.option("--quick", is_flag=True, help="Fewer runs, in under half a minute.")
@click.option(
    "--seed",
    metavar="S",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of all runs; any will do.",
)
@threads_option
@quiet_option
@debug_option
@click.pass_context
def verify(ctx: click.Context, quick: bool, seed: int, threads: int | None, quiet: bool) -> None:
    """Run the engines whose cost does not know T beside the dense one, and compare their laws.

    Every rule, every representation and its edges, at small sizes, with thousands of runs each:
    margins, joint laws over steps, and moments. Exit status 1 if any differ.
    """
    from scbsim.cli.exits import FAILED
    from scbsim.cli.signals import stopping
    from scbsim.cli.verify_table import print_outcomes
    from scbsim.run.progress import Progress
    from scbsim.studies.verify.cases import all_cases
    from scbsim.studies.verify.verification import verify as compare_all

    cases = all_cases()
    progress = Progress(len(cases), quiet, unit="case")
    progress.start("verify")
    ended = "failed"
    try:
        with stopping() as stop:
            verdict = compare_all(
                quick=quick,
                seed=seed,
                threads=threads,
                cases=cases,
                tell=lambda done, _of: progress.update(done, 0, {}),
                stop=stop,
            )
        ended = "complete"
    finally:
        progress.close(ended)
    if not quiet:
        print_outcomes(verdict.outcomes)
    if not quiet or verdict.failed:
        click.echo(verdict, err=quiet)
    if verdict.failed:
        ctx.exit(FAILED)
