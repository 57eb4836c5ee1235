"""The table that ``scbsim verify`` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
from rich.table import Table

from scbsim.cli.console import printing

if TYPE_CHECKING:
    from scbsim.studies.verify.comparison import Outcome


def print_outcomes(outcomes: Iterable[Outcome]) -> None:
    """Print how far each engine is from the dense one in each case, at the worst."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("\ncase", "\nengine"):
        table.add_column(heading, no_wrap=True)
    for heading in ("D of\nmargins", "D of\njoint", "z of\nmeans", "z of\nvariances"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("z of\nproducts", "\ncompared", "\nleast p"):
        table.add_column(heading, justify="right", no_wrap=True)
    case = ""
    for each in outcomes:
        shown = "" if each.case == case else each.case
        case = each.case
        distances = (f"{test.worst:.3f}" for test in (each.margins, each.joint))
        scores = (f"{test.worst:+.1f}" for test in (each.means, each.variances, each.products))
        table.add_row(
            shown, each.contender, *distances, *scores, str(each.count), f"{each.worst.p:.2g}"
        )
    with printing() as console:
        # Numbers cut to fit a narrow terminal would be worth nothing.
        wide = console.options.update(width=1000)
        console.width = max(console.width, console.measure(table, options=wide).maximum)
        console.print(table)
    click.echo("D: Kolmogorov and Smirnov's distance. z: difference by its standard error.")
