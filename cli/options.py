"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from scbsim.cli import completion
from scbsim.cli.exits import DEBUG

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Decorator = Callable[[Decorated], Decorated]


def _remember_debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[DEBUG] = True


PATH: Final = click.Path(path_type=Path)

sweep_folder_argument = click.argument("folder", metavar="DIR", type=PATH)
"""The folder of a sweep."""


def debug_option(command: Decorated) -> Decorated:
    """``--debug``, before or after the name of the command."""
    return click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        callback=_remember_debug,
        help="Show the traceback of an error.",
    )(command)


def output_option(metavar: str, help: str, *, required: bool = False) -> Decorator[Any]:
    """``-o PATH``: the output."""
    return click.option(
        "-o",
        "--output",
        metavar=metavar,
        type=PATH,
        required=required,
        help=help,
    )


def overwrite_option(help: str) -> Decorator[Any]:
    """``--overwrite``: replace existing output."""
    return click.option("--overwrite", is_flag=True, help=help)


def threads_option(command: Decorated) -> Decorated:
    """``--threads N``."""
    return click.option(
        "--threads",
        metavar="N",
        type=click.IntRange(min=1),
        help="Threads to compute with; all cores by default. Results do not depend on it.",
    )(command)


def quiet_option(command: Decorated) -> Decorated:
    """``--quiet``: print errors and warnings only."""
    return click.option(
        "-q", "--quiet", is_flag=True, help="No progress and no summary, only errors and warnings."
    )(command)


def set_option(command: Decorated) -> Decorated:
    """``--set key=value``, repeatable."""
    return click.option(
        "--set",
        "overrides",
        metavar="KEY=VALUE",
        shell_complete=completion.setting,
        multiple=True,
        help="Set a key of the spec, as in --set stage.0.rate_A=0.05. The value is read as TOML, "
        "else as a string; --set KEY= removes an optional key. A key replaces those of the file "
        "that it excludes, as threshold replaces threshold_sigmas. May be given several times.",
    )(command)


def range_option(name: str, words: str, *, required: bool = False) -> Decorator[Any]:
    """Add an option that takes a key and its values, as in ``--x task.T=1e3:1e9:30log``."""
    return click.option(
        name,
        metavar="KEY=RANGE",
        shell_complete=completion.key,
        required=required,
        help=words,
    )


def width_option(command: Decorated) -> Decorated:
    """``--width W``: the width of a picture on paper."""
    return click.option(
        "--width",
        metavar="W",
        help="For a paper: the width of the picture, as 5.5in, 14cm, 140mm or 397pt. Type is "
        "legible at that width, and the title is left to the caption.",
    )(command)


def picture_options(command: Decorated) -> Decorated:
    """``--width W`` and ``--format F``, of the commands that write pictures into a folder."""
    command = click.option(
        "--format",
        "formats",
        type=click.Choice(["png", "pdf", "svg"]),
        multiple=True,
        help="Of the picture; several times for several. By default png and pdf.",
    )(command)
    return width_option(command)


def study_options(overwrite: str) -> Decorator[Any]:
    """Add the options of every study; ``overwrite`` is the help of ``--overwrite``."""

    def add(command: Any) -> Any:
        command = quiet_option(debug_option(command))
        return set_option(overwrite_option(overwrite)(threads_option(command)))

    return add
