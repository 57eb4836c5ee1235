"""``scbsim collect``: combine the runs of a sweep, or the parts of a diagram, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scbsim.cli.console import say
from scbsim.cli.options import debug_option, output_option, overwrite_option, sweep_folder_argument
from scbsim.cli.signals import interruptible
from scbsim.util.text import counted


@click.command(short_help="Put all runs of a sweep, or a phase diagram, into one file.")
@sweep_folder_argument
@output_option("ALL.h5", "The file to write.", required=True)
@click.option(
    "--copy/--link",
    default=True,
    help="Copy the data (default), or write a file that links to the files of the runs.",
)
@click.option(
    "--partial", is_flag=True, help="Leave out what is not finished; in a sweep it is NaN."
)
@overwrite_option("Replace ALL.h5 if it exists.")
@debug_option
@interruptible()
def collect(folder: Path, output: Path, copy: bool, partial: bool, overwrite: bool) -> None:
    """Write ALL.h5, with a dimension for each key that varies, for xarray and any HDF5 tool.

    With --link the file is small and needs the files of the runs where they are. If one is gone
    later, scbsim.load raises an error, but HDF5 itself silently reads NaN.

    The file of a phase diagram is that of `scbsim phase`.
    """
    from scbsim.cli.summary import size
    from scbsim.cluster.folders import opened as open_folder
    from scbsim.studies.phase.collection import collect as collect_diagram
    from scbsim.studies.phase.folder import DiagramFolder
    from scbsim.sweep.collect import collect as collect_runs
    from scbsim.sweep.folder import SweepFolder
    from scbsim.sweep.states import RunState

    opened = open_folder(folder)
    left_out: list[RunState[Any]]
    if isinstance(opened, SweepFolder):
        left_out = collect_runs(opened, output, link=not copy, partial=partial, overwrite=overwrite)
    else:
        assert isinstance(opened, DiagramFolder)
        if not copy:
            raise click.UsageError("--link is of a sweep; the file of a phase diagram is small")
        left_out = collect_diagram(opened, output, partial=partial, overwrite=overwrite)
    done = counted(len(opened.parts) - len(left_out), opened.PART)
    say(f"{done} in {output} ({size(output.stat().st_size)})")
    for each in left_out:
        why = f": {each.note}" if each.note else ""
        say(f"left out: {each.run.name} ({each.state}){why}", err=True)
