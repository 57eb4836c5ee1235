"""``scbsim figure``: reproduce the figures of the paper."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scbsim.cli import completion
from scbsim.cli.console import note_printer, say
from scbsim.cli.options import output_option, picture_options, study_options
from scbsim.cli.signals import run_stoppable
from scbsim.util.paths import shown

if TYPE_CHECKING:
    from scbsim.studies.recipe import StudyOutput


@click.command(short_help="Make a figure of the paper.")
@click.argument("number", type=click.IntRange(1, 5), shell_complete=completion.figure)
@output_option(
    "DIR",
    "The folder for runs, pictures and captions; figureN/ by default, figureN-MODEL/ with "
    "--noise MODEL.",
)
@click.option("--quick", is_flag=True, help="Half the steps, and fewer runs; in under a minute.")
@click.option(
    "--engine",
    metavar="NAME",
    shell_complete=completion.engine,
    help="Run on this engine (figure 5).",
)
@click.option("--noise", metavar="MODEL", help="isotropic, or matched to the task (figure 5).")
@click.option("--seed", metavar="S", type=int, help="Seed of the noise, or of real samples.")
@click.option(
    "--replicas",
    metavar="R",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Runs of each kind, which differ in their noise: medians and bands are drawn.",
)
@picture_options
@study_options("Run again what is already in the folder.")
def figure(number: int, output: Path | None, quiet: bool, **how: Any) -> None:
    """Run what figure NUMBER of the paper needs, and draw it from the files.

    Figures 1, 3 and 4 learn on real batches and share their runs, if they share a folder. Figure 2
    compares softmax with linear attention. Figure 5 has Gaussian noise, at large N and T. Finished
    runs in the folder are kept and used; partial ones are resumed. Runs of --quick are the first
    steps of the full ones, which resume from them. --set applies to all runs of the figure.
    """
    another = f"-{how['noise']}" if how["noise"] not in (None, "isotropic") else ""
    folder = output or Path(f"figure{number}{another}")
    made = run_stoppable(_maker(number), folder, quiet=quiet, notify=note_printer(quiet), **how)
    if quiet:
        return

    from scbsim.cli.figure_table import print_outcomes

    print_outcomes(number, made.outcomes, how["replicas"])
    for path in made.pictures:
        say(shown(path))


def _maker(number: int) -> Callable[..., StudyOutput[Any]]:
    """Return the function that makes a figure."""
    if number == 2:
        from scbsim.studies.figures.figure2 import run as figure2

        return figure2.run
    if number == 5:
        from scbsim.studies.figures.figure5 import run as figure5

        return figure5.run
    from scbsim.studies.figures.figures134 import run as real_batches

    return partial(real_batches.run, number)
