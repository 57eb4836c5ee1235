"""``scbsim watch``: follow a run that another process writes."""

from __future__ import annotations

from pathlib import Path

import click

from scbsim.cli.options import PATH, debug_option
from scbsim.cli.signals import interruptible


@click.command(short_help="Follow a run that another process writes.")
@click.argument("path", metavar="OUT.h5", type=PATH)
@click.option(
    "--every",
    "seconds",
    metavar="SECONDS",
    type=click.FloatRange(min=0.1),
    default=1.0,
    show_default=True,
    help="Time between two reads of the file.",
)
@debug_option
@interruptible()
def watch(path: Path, seconds: float) -> None:
    """Follow the run in OUT.h5 until it ends, and report how it ended.

    This command only reads, and does not disturb the writer. Ctrl-C ends the watch, not the run.
    """
    from scbsim.cli.live_table import follow

    follow(path, seconds)
