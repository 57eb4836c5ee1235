"""``scbsim report``: one page of a file or folder."""

from __future__ import annotations

from pathlib import Path

import click

from scbsim.cli import completion
from scbsim.cli.console import say
from scbsim.cli.options import PATH, debug_option, output_option, overwrite_option
from scbsim.cli.signals import interruptible


@click.command(short_help="Write one page of a file or folder, to look at in a browser.")
@click.argument("path", metavar="FILE|FOLDER", type=PATH)
@output_option("PAGE.html", "The page.", required=True)
@overwrite_option("Replace the page if it exists.")
@click.option(
    "--only",
    multiple=True,
    shell_complete=completion.observable,
    metavar="NAME",
    help="An observable, such as delta_A. Several times for several; all by default.",
)
@debug_option
@interruptible()
def report(path: Path, output: Path, overwrite: bool, only: tuple[str, ...]) -> None:
    """Write a page with the curves, maps, spec and provenance of FILE or FOLDER.

    It shows a run, an ensemble, a sweep or the file of its runs, a phase diagram, a boundary
    study, a comparison, or all runs in a folder. The page needs no other file and no network. It
    takes the extra `report`.

    \b
    scbsim report run.h5 -o run.html
    scbsim report sweep -o sweep.html --only delta_A --only loss
    """  # noqa: D301  (click reads the escape)
    from scbsim.cli.summary import size
    from scbsim.report import report as write

    page = write(path, output, only=only, overwrite=overwrite)
    say(f"{output} ({size(page.stat().st_size)})")
