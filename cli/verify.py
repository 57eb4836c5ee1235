"""``scbsim verify``: compare the laws of the reduced engines with that of the dense one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from scbsim.cli.console import print_table
from scbsim.cli.options import debug_option, quiet_option, threads_option

if TYPE_CHECKING:
    from scbsim.studies.verify.comparison import CaseComparison

_HEADINGS = (
    *("\ncase", "\nengine", "D of\nmargins", "D of\njoint", "z of\nmeans", "z of\nvariances"),
    *("z of\nproducts", "\ncompared", "\nleast p"),
)


@click.command(short_help="Compare every engine with the dense one, in law.")
@click.option("--quick", is_flag=True, help="Fewer runs: 1.5 minutes of processor time.")
@click.option(
    "--seed",
    metavar="S",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of all runs.",
)
@threads_option
@quiet_option
@debug_option
@click.pass_context
def verify(ctx: click.Context, quick: bool, seed: int, threads: int | None, quiet: bool) -> None:
    """Compare the engines whose cost does not depend on T with the dense one, in law.

    Every rule and every representation, edge cases included, at small sizes, with thousands of
    runs each: marginal laws, joint laws over steps, and moments. Exit status 1 if any differ.
    """
    from scbsim.cli.exits import FAILED
    from scbsim.cli.signals import stopping
    from scbsim.studies.study_progress import counting
    from scbsim.studies.verify.cases import all_cases
    from scbsim.studies.verify.verification import verify as compare_all

    cases = all_cases()
    with stopping() as stop, counting("verify", len(cases), "case", quiet=quiet) as tell:
        verdict = compare_all(
            quick=quick,
            seed=seed,
            threads=threads,
            cases=cases,
            on_progress=lambda done, _of: tell(done),
            stop=stop,
        )
    if not quiet:
        _print(verdict.outcomes)
    if not quiet or verdict.failed:
        click.echo(verdict, err=quiet)
    if verdict.failed:
        ctx.exit(FAILED)


def _print(outcomes: Iterable[CaseComparison]) -> None:
    """Print the largest distance of each engine from the dense one, for each case."""
    rows, case = [], ""
    for each in outcomes:
        shown = "" if each.case == case else each.case
        case = each.case
        distances = (f"{test.worst:.3f}" for test in (each.margins, each.joint))
        scores = (f"{test.worst:+.1f}" for test in (each.means, each.variances, each.products))
        last = (str(each.count), f"{each.worst.p:.2g}")
        rows.append([shown, each.contender, *distances, *scores, *last])
    print_table(_HEADINGS, rows, left=(0, 1))
    click.echo("D: Kolmogorov and Smirnov's distance. z: difference by its standard error.")
