"""``scbsim plot``: plot one run, or several in the same axes."""

from __future__ import annotations

from pathlib import Path

import click

from scbsim.cli import completion
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
    """  # noqa: D301  (click reads the escape)
    from scbsim.contents.plot import plot as run
    from scbsim.plotting.picture_paths import check_picture, picture_beside

    picture = output or picture_beside(paths[0])
    check_picture(picture, overwrite=overwrite)
    if matrices or step is not None:
        _heat_maps(paths, step, picture, [*only, *labels])
    else:
        run(*paths, labels=labels, only=only, output=picture)
    say(picture)


def _heat_maps(paths: tuple[Path, ...], step: int | None, picture: Path, other: list[str]) -> None:
    from scbsim.contents.matrices import matrices
    from scbsim.plotting.matrices import draw_matrices
    from scbsim.plotting.picture_paths import name_of
    from scbsim.plotting.style import save

    if len(paths) > 1 or other:
        raise click.UsageError("--matrices takes one file, and neither --only nor --label")
    found = matrices(paths[0], step)
    head = f"{name_of(paths[0])}, step {found.step}"
    save(draw_matrices(found.A, found.intercept, found.V, found.task, head), picture)
    if found.V is None:
        note = 'V is not drawn: this run kept its signal alone; dynamics.value = "matrix" keeps it'
        say(note, err=True)
