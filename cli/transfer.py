"""``scbsim transfer``: compare learning from a pretrained pair with learning from scratch."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli.console import note_printer, number, print_table, say
from scbsim.cli.options import output_option, picture_options, study_options
from scbsim.cli.signals import run_stoppable
from scbsim.util.paths import shown
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.studies.transfer.run import TransferOutput

_LEARNING = ("\nstart", "cosine\nof A", "cosine\nof V", "first\nstage", "all\nsteps", "\nsamples")


@click.command(short_help="Learn from pretrained pairs and from scratch.")
@output_option("DIR", "The folder for runs and pictures; transfer/ by default.")
@click.option("--quick", is_flag=True, help="Fewer starts and batch sizes, in under a minute.")
@click.option("--seed", metavar="S", type=int, help="Seed of the noise; the tasks stay the same.")
@picture_options
@study_options("Run again what is already in the folder.")
def transfer(output: Path | None, quiet: bool, **how: Any) -> None:
    """Show what the paper's Theorem 4.1 says: a pretrained start skips the first stage.

    The pretraining tasks have given correlations with the downstream task. A pair (A, V) learns
    each of them to the end, and then the downstream task. Runs from scratch are the baseline.
    Finished runs in the folder are kept and used; partial ones are resumed.
    """
    from scbsim.studies.transfer.run import run

    folder = output or Path("transfer")
    made = run_stoppable(run, folder, quiet=quiet, notify=note_printer(quiet), **how)
    if quiet:
        return
    _print(made)
    for path in made.pictures:
        say(shown(path))


def _print(made: TransferOutput) -> None:
    """Print how many steps each start takes, and how often it recovers the truth by batch size."""
    from scbsim.studies.transfer.plot import batch_of, median

    rows = []
    for each in made.learning:
        first, whole = median(each.first), median(each.whole)
        steps = (first, whole, batch_of(each.run) * whole)
        rows.append(
            [
                _start(each.start),
                *(number(x, ".2f") for x in (each.cosine_A, each.cosine_V)),
                *(number(x, ".0f") if isfinite(x) else "-" for x in steps),
            ]
        )
    print_table(_LEARNING, rows)
    run = made.learning[0].run
    click.echo(
        f"Medians of {counted(run.sizes['replica'], 'run')} on real batches of {batch_of(run)}, "
        f"T = {run.attrs['T']}."
    )
    click.echo()
    print_table(
        ["\nstart", *(f"batch\n{batch}" for batch in made.recovery[0].batches)],
        (
            [_start(row.start), *(f"{n}/{row.replicas}" for n in row.recovered)]
            for row in made.recovery
        ),
    )
    click.echo(f"Runs that recover the truth, with Gaussian noise at T = {made.samples.T}.")


def _start(correlation: float | None) -> str:
    return "scratch" if correlation is None else f"{correlation:g}"
