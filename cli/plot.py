"""``scbsim plot``: plot one run, or several in the same axes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scbsim.cli import completion
from scbsim.cli.console import say
from scbsim.cli.options import PATH, debug_option, output_option, overwrite_option, width_option
from scbsim.cli.signals import interruptible

if TYPE_CHECKING:
    from scbsim.plotting.picture import Picture


@click.command(short_help="Plot one run, or several in the same axes.")
@click.argument("paths", metavar="OUT.h5...", nargs=-1, required=True, type=PATH)
@output_option("PLOT.png", "The picture: png, pdf or svg. By default a png beside the first file.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["png", "pdf", "svg"]),
    help="Of the picture beside the first file, if -o is left out.",
)
@width_option
@click.option("--caption", is_flag=True, help="Write the caption too: text beside the picture.")
@overwrite_option("Replace the picture, and its caption, if it exists.")
@click.option(
    "--only",
    multiple=True,
    shell_complete=completion.observable,
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
@click.option("--matrices", is_flag=True, help="Of one file: heat maps of A, V and the truth.")
@click.option(
    "--step", type=int, help="With --matrices: of which snapshot; by default the last state."
)
@debug_option
@interruptible()
def plot(
    paths: tuple[Path, ...],
    output: Path | None,
    form: str | None,
    width: str | None,
    caption: bool,
    overwrite: bool,
    only: tuple[str, ...],
    labels: tuple[str, ...],
    matrices: bool,
    step: int | None,
) -> None:
    """Plot signals, Deltas, distances, similarities and loss of OUT.h5 against steps.

    Several files share the same axes. A file that is still being written is plotted up to its
    last row. The folder of a sweep, or its collected file, may stand alone: of runs that
    differ in their seeds the median and a band are drawn.

    \b
    scbsim plot l1.h5 sgd.h5 --only delta_A --label l1 --label SGD
    scbsim plot l1.h5 --matrices -o matrices.png
    scbsim plot l1.h5 -o l1.pdf --width 5.5in --caption
    """  # noqa: D301  (click reads the escape)
    from scbsim.contents.plot import plot as run
    from scbsim.plotting.caption import save_caption
    from scbsim.plotting.picture_paths import check_caption, check_picture, picture_beside

    if output is not None and form is not None and output.suffix.lower() != f".{form}":
        raise click.UsageError(f"-o {output} is no {form}: give one of -o and --format")
    picture = output or picture_beside(paths[0], form or "png")
    check_picture(picture, overwrite=overwrite)
    if caption:
        check_caption(picture, overwrite=overwrite)
    if matrices or step is not None:
        figure = _heat_maps(paths, step, picture, [*only, *labels], width)
    else:
        figure = run(*paths, labels=labels, only=only, output=picture, width=width)
    say(picture)
    if caption:
        say(save_caption(figure.caption, picture))


def _heat_maps(
    paths: tuple[Path, ...], step: int | None, picture: Path, other: list[str], width: str | None
) -> Picture:
    from scbsim.contents.matrices import matrices
    from scbsim.plotting.matrices import draw_matrices
    from scbsim.plotting.picture_paths import name_of
    from scbsim.plotting.style import save
    from scbsim.plotting.width import inches

    if len(paths) > 1 or other:
        raise click.UsageError("--matrices takes one file, and neither --only nor --label")
    paper_width = inches(width)
    found = matrices(paths[0], step)
    head = f"{name_of(paths[0])}, step {found.step}"
    figure = draw_matrices(found.A, found.intercept, found.V, found.task, head, paper_width)
    save(figure, picture)
    if found.V is None:
        note = 'V is not drawn: this run kept its signal alone; dynamics.value = "matrix" keeps it'
        say(note, err=True)
    return figure
