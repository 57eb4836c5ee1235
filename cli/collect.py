"""``scbsim collect``: combine the runs of a sweep in one file."""

from __future__ import annotations

from pathlib import Path

import click

from scbsim.cli.console import say
from scbsim.cli.options import debug_option, output_option, overwrite_option, sweep_folder_argument
from scbsim.cli.signals import interruptible
from scbsim.util.text import counted


@click.command(short_help="Put all runs of a sweep into one file.")
@sweep_folder_argument
@output_option("ALL.h5", "The file to write.", required=True)
@click.option(
    "--copy/--link",
    default=True,
    help="Copy the data (default), or write a file that links to the files of the runs.",
)
@click.option("--partial", is_flag=True, help="Write NaN for runs that are not finished.")
@overwrite_option("Replace ALL.h5 if it exists.")
@debug_option
@interruptible()
def collect(folder: Path, output: Path, copy: bool, partial: bool, overwrite: bool) -> None:
    """Write ALL.h5, with a dimension for each key that varies, for xarray and any HDF5 tool.

    With --link the file is small and needs the files of the runs where they are. If one is gone
    later, scbsim.load raises an error, but HDF5 itself silently reads NaN.
    """
    from scbsim.cli.summary import size
    from scbsim.sweep.collect import collect as write
    from scbsim.sweep.folder import SweepFolder

    opened = SweepFolder.open(folder)
    left_out = write(opened, output, link=not copy, partial=partial, overwrite=overwrite)
    runs = counted(len(opened.sweep.runs) - len(left_out), "run")
    say(f"{runs} in {output} ({size(output.stat().st_size)})")
    for each in left_out:
        why = f": {each.note}" if each.note else ""
        say(f"left out: {each.run.name} ({each.state}){why}", err=True)
