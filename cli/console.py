"""What commands print: lines of text, and tables by rich."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from scbsim.util.text import printable

if TYPE_CHECKING:
    from rich.console import Console


def say(what: object, *, err: bool = False) -> None:
    """Print lines in which names of files or what files say may stand, fit to be shown."""
    click.echo(printable(str(what), keep="\n"), err=err)


@contextmanager
def printing() -> Iterator[Console]:
    """Give a console, and print what the body has put on it.

    It is printed by click: rich would end the process with status 1 if the reader went away.
    """
    from rich.console import Console

    console = Console(highlight=False)
    with console.capture() as captured:
        yield console
    for line in captured.get().splitlines():
        click.echo(line.rstrip())
