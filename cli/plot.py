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
@debug_option
@interruptible()
def plot(paths: tuple[Path, ...], output: Path | None, overwrite: bool) -> None:
    """Plot signals, Deltas, distances, similarities and loss of OUT.h5 against steps.

    Several files share the same axes. A file that is still being written is plotted up to its
    last row.
    """
    from scbsim.plotting.picture_paths import check_picture, labels, picture_beside

    picture = output or picture_beside(paths[0])
    check_picture(picture, overwrite=overwrite)

    from scbsim.plotting.overview import draw
    from scbsim.plotting.style import save
    from scbsim.storage.runfile.loading import load

    runs = [load(path) for path in paths]
    save(draw(dict(zip(labels(paths), runs, strict=True))), picture)
    say(picture)
