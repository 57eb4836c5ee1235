"""``scbsim collect``: one file of all runs of a sweep."""

from __future__ import annotations

from pathlib import Path

import click

from scbsim.cli.console import say
from scbsim.cli.options import debug_option, output_option, overwrite_option
from scbsim.cli.signals import interruptible


@click.command(short_help="Put all runs of a sweep into one file.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@output_option("ALL.h5", "The file to write.", required=True)
@click.option(
    "--copy/--link",
    default=True,
    help="Copy the numbers (by default), or make a file of links to the files of the runs.",
)
@click.option("--partial", is_flag=True, help="Leave runs that are not finished as NaN.")
@overwrite_option("Replace ALL.h5 if it exists.")
@debug_option
@interruptible()
def collect(folder: Path, output: Path, copy: bool, partial: bool, overwrite: bool) -> None:
    """Write ALL.h5, with a dimension for all that varies, for xarray and any HDF5 tool.

    With --link it takes little room and needs the files of the runs where they are: where one is
    gone later scbsim.load says so, and HDF5 itself reads NaN and says nothing.
    """
    from scbsim.cli.summary import size
    from scbsim.sweep.collect import collect as write
    from scbsim.sweep.folder import SweepFolder

    there = SweepFolder.open(folder)
    left_out = write(there, output, link=not copy, partial=partial, overwrite=overwrite)
    runs = len(there.sweep.runs) - len(left_out)
    say(f"{runs} runs in {output} ({size(output.stat().st_size)})")
    for each in left_out:
        why = f": {each.note}" if each.note else ""
        say(f"left out: {each.run.name} ({each.state}){why}", err=True)
