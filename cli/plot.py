"""``scbsim plot``: plot one run, or several in the same axes."""

from __future__ import annotations

from pathlib import Path

import click

from scbsim.cli.console import say
from scbsim.cli.options import PATH, debug_option, output_option, overwrite_option
from scbsim.cli.signals import interruptible


@click.command(short_help="Plot one run, or several in the same axes.")
@click.argument("paths", metavar="OUT.h5...", nargs=-1, required=True, type=PATH)
@output_option("PLOT.png", "The picture: png, pdf or svg. By default a png beside the first file.")
@overwrite_option("Replace the picture if it exists.")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="An observable, such as delta_A. Several times for several; all by default.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="TEXT",
    help="The name of a file in the "
    "legend, in the order of the files. By default the names of the files.",
)
@debug_option
@interruptible()
def plot(
    paths: tuple[Path, ...],
    output: Path | None,
    overwrite: bool,
    only: tuple[str, ...],
    labels: tuple[str, ...],
) -> None:
    """Plot signals, Deltas, distances, similarities and loss of OUT.h5 against steps.

    Several files share the same axes. A file that is still being written is plotted up to its
    last row.
    """
    from scbsim.contents.plot import plot as run
    from scbsim.plotting.picture_paths import check_picture, picture_beside

    picture = output or picture_beside(paths[0])
    check_picture(picture, overwrite=overwrite)
    run(*paths, labels=labels, only=only, output=picture)
    say(picture)
