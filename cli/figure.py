"""``scbsim figure``: the figures of the paper."""

from __future__ import annotations

from pathlib import Path

import click

from scbsim.cli.options import (
    debug_option,
    output_option,
    overwrite_option,
    quiet_option,
    threads_option,
)


@click.command(short_help="Make a figure of the paper.")
@click.argument("number", type=click.IntRange(1, 5))
@output_option("DIR", "The folder for runs and pictures; figureN/ by default.")
@click.option("--quick", is_flag=True, help="A smaller version, in under a minute.")
@click.option("--engine", metavar="NAME", help="Run on this engine.")
@click.option("--seed", metavar="S", type=int, help="Seed of the noise; the task stays the same.")
@overwrite_option("Run again what is already in the folder.")
@threads_option
@quiet_option
@debug_option
def figure(
    number: int,
    output: Path | None,
    quick: bool,
    engine: str | None,
    seed: int | None,
    overwrite: bool,
    threads: int | None,
    quiet: bool,
) -> None:
    """Run what figure NUMBER of the paper needs, and draw it from the files.

    This release makes figure 5. Finished runs in the folder are kept and used; partial ones are
    resumed.
    """
    from scbsim.errors import InputError

    if number != 5:
        raise InputError(f"figure {number} is not in this release; figure 5 is: `scbsim figure 5`.")
    from scbsim.cli.signals import stopping
    from scbsim.figures import figure5

    with stopping() as stop:
        made = figure5.run(
            output or Path("figure5"),
            quick=quick,
            engine=engine,
            seed=seed,
            overwrite=overwrite,
            threads=threads,
            progress=not quiet,
            tell=None if quiet else lambda note: click.echo(note, err=True),
            stop=stop,
        )
    if quiet:
        return

    from scbsim.cli.figure_table import print_outcomes

    print_outcomes(made.outcomes)
    for path in made.pictures:
        click.echo(path)
