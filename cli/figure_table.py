"""The table that ``scbsim figure`` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from scbsim.figures.figure5 import Outcome


def print_outcomes(outcomes: Iterable[Outcome], console: Console | None = None) -> None:
    """Print what each run of the figure came to."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in (
        "N",
        "rule",
        "alpha_A sqrt(K_Q)",
        "delta_A",
        "alpha_V sqrt(K_P)",
        "delta_V",
        "|A-Q|/sqrt(K_Q)",
        "|V-P|/sqrt(K_P)",
    ):
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    for each in outcomes:
        numbers = (each.signal_A, each.delta_A, each.signal_V, each.delta_V)
        distances = (each.dist_A, each.dist_V)
        cells = (f"{value:.3g}" for value in (*numbers, *distances))
        table.add_row(str(each.N), each.rule, *cells)
    console = console or Console(highlight=False)
    console.print(table)
    console.print("Signals and Deltas at the last step; distances once normalised.")
