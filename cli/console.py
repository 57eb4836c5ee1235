"""Tables on stdout, by rich."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console


@contextmanager
def printing() -> Iterator[Console]:
    """Give a console, and print what the body has put on it.

    It is printed by click: rich would end the process with status 1 if the reader went away.
    """
    console = Console(highlight=False)
    with console.capture() as captured:
        yield console
    for line in captured.get().splitlines():
        click.echo(line.rstrip())
