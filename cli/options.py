"""Options that several commands share, each defined once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from scbsim.cli.exits import DEBUG

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Decorator = Callable[[Decorated], Decorated]


def _remember_debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[DEBUG] = True


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
    """``-o PATH``: where a command writes."""
    return click.option(
        "-o",
        "--output",
        metavar=metavar,
        type=click.Path(path_type=Path),
        required=required,
        help=help,
    )


def overwrite_option(help: str) -> Decorator[Any]:
    """``--overwrite``: without it, nothing that exists is replaced."""
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
    """``--quiet``: only what went wrong is printed."""
    return click.option(
        "-q", "--quiet", is_flag=True, help="No progress and no summary: only what went wrong."
    )(command)


def set_option(command: Decorated) -> Decorated:
    """``--set key=value``, as often as wanted."""
    return click.option(
        "--set",
        "overrides",
        metavar="KEY=VALUE",
        multiple=True,
        help="Set a key of the spec, as in --set stage.0.rate_A=0.05. The value is read as TOML, "
        "else as a string; --set KEY= takes an optional key away. A key takes the place of those "
        "of the file that it excludes, as threshold does of threshold_sigmas. May be given "
        "several times.",
    )(command)


def study_options(overwrite: str) -> Decorator[Any]:
    """Take what every study of runs in a folder does; ``overwrite`` is the help of that option."""

    def take(command: Any) -> Any:
        command = quiet_option(debug_option(command))
        return set_option(overwrite_option(overwrite)(threads_option(command)))

    return take
