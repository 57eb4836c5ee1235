"""The tables that ``scbsim transfer`` prints."""

from __future__ import annotations

from math import isfinite, isnan
from typing import TYPE_CHECKING

import click
from rich.table import Table

from scbsim.cli.console import printing

if TYPE_CHECKING:
    from scbsim.studies.transfer.run import Made


_LEARNING = ("\nstart", "cosine\nof A", "cosine\nof V", "first\nstage", "all\nsteps", "\nsamples")


def print_transfer(made: Made) -> None:
    """Print the steps that learning took from each start, and the batch size that it needs."""
    from scbsim.studies.transfer.plot import batch_of, median

    table = _table(*_LEARNING)
    for each in made.learning:
        cosines = ("-" if isnan(x) else f"{x:.2f}" for x in (each.cosine_A, each.cosine_V))
        first, whole = median(each.first), median(each.whole)
        samples = batch_of(each.run) * whole
        numbers = (f"{x:.0f}" if isfinite(x) else "-" for x in (first, whole, samples))
        table.add_row(_start(each.start), *cosines, *numbers)
    needs = _table("\nstart", *(f"batch\n{batch}" for batch in made.recovery[0].batches))
    for row in made.recovery:
        needs.add_row(_start(row.start), *(f"{n}/{row.replicas}" for n in row.recovered))
    with printing() as console:
        console.print(table)
    run = made.learning[0].run
    click.echo(
        f"Medians of {run.sizes['replica']} runs on real batches of {batch_of(run)}, "
        f"T = {run.attrs['T']}."
    )
    click.echo()
    with printing() as console:
        console.print(needs)
    click.echo(f"Runs that recover the truth, with Gaussian noise at T = {made.samples.T}.")


def _start(correlation: float | None) -> str:
    return "scratch" if correlation is None else f"{correlation:g}"


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in headings:
        justify = "left" if heading == "\nstart" else "right"
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    return table
