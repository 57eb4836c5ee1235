"""The table that ``scbsim figure`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

import click
from rich.table import Table

from scbsim.cli.console import printing

if TYPE_CHECKING:
    from scbsim.figures.figure5 import Outcome


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print what each run of the figure came to."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in (
        "\nN",
        "\nrule",
        "alpha_A\nsqrt(K_Q)",
        "\ndelta_A",
        "alpha_V\nsqrt(K_P)",
        "\ndelta_V",
        "|A-Q|\n/sqrt(K_Q)",
        "|V-P|\n/sqrt(K_P)",
    ):
        table.add_column(heading, justify="left" if heading == "\nrule" else "right", no_wrap=True)
    for each in outcomes:
        numbers = (each.signal_A, each.delta_A, each.signal_V, each.delta_V)
        distances = (each.dist_A, each.dist_V)
        cells = ("-" if isnan(value) else f"{value:.3g}" for value in (*numbers, *distances))
        table.add_row(str(each.N), each.rule, *cells)
    with printing() as console:
        console.print(table)
    click.echo("Signals and Deltas are those of the last step, distances those once normalised.")
    if any(isnan(each.dist_A) for each in outcomes):
        click.echo("Where there are none, A has no entries to normalise: --engine dense has them.")
