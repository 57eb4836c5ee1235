"""``scbsim transfer``: learning from a pretrained pair against learning from scratch."""

from __future__ import annotations

from pathlib import Path

import click

from scbsim.cli.console import say
from scbsim.cli.options import (
    debug_option,
    output_option,
    overwrite_option,
    quiet_option,
    set_option,
    threads_option,
)
from scbsim.util.paths import shown


@click.command(short_help="Learn from pretrained pairs and from scratch.")
@output_option("DIR", "The folder for runs and pictures; transfer/ by default.")
@click.option("--quick", is_flag=True, help="Fewer starts and batch sizes, in under a minute.")
@click.option("--seed", metavar="S", type=int, help="Seed of the noise; the tasks stay the same.")
@set_option
@overwrite_option("Run again what is already in the folder.")
@threads_option
@quiet_option
@debug_option
def transfer(
    output: Path | None,
    quick: bool,
    seed: int | None,
    overrides: tuple[str, ...],
    overwrite: bool,
    threads: int | None,
    quiet: bool,
) -> None:
    """Show what the paper's Theorem 4.1 says: a pretrained start skips the first stage.

    Tasks are made that correlate with one task by so much; a pair (A, V) learns each of them to the
    end, and then the one task, beside runs from scratch. Finished runs in the folder are kept and
    used; partial ones are resumed.
    """
    from scbsim.cli.signals import stopping
    from scbsim.studies.transfer import run as figure

    with stopping() as stop:
        made = figure.run(
            output or Path("transfer"),
            quick=quick,
            seed=seed,
            overrides=overrides,
            overwrite=overwrite,
            threads=threads,
            progress=not quiet,
            tell=None if quiet else lambda note: say(note, err=True),
            stop=stop,
        )
    if quiet:
        return

    from scbsim.cli.transfer_table import print_transfer

    print_transfer(made)
    for path in made.pictures:
        say(shown(path))
