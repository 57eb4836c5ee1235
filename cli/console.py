"""Printing: lines of text, and tables by rich."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import isnan
from typing import TYPE_CHECKING

import click

from scbsim.cli.wrapping import width_of_messages, wrapped
from scbsim.util.text import printable

if TYPE_CHECKING:
    from rich.console import Console


def say(what: object, *, err: bool = False) -> None:
    """Print text from outside, such as file names, with its control characters escaped.

    Messages, on stderr, are wrapped to the width of the terminal.
    """
    text = printable(str(what), keep="\n")
    click.echo(message(text) if err else text, err=err)


def message(text: str) -> str:
    """Return a text for stderr, wrapped if that is a terminal."""
    width = width_of_messages()
    return text if width is None else wrapped(text, width)


def note_printer(quiet: bool) -> Callable[[str], None]:
    """Return a callback that prints a note on stderr, unless ``quiet``."""
    return lambda note: None if quiet else say(note, err=True)


@contextmanager
def printing() -> Iterator[Console]:
    """Yield a console, and print its content at the end.

    click prints it, because rich exits with status 1 if the reader has closed the pipe.
    """
    from rich.console import Console

    console = Console(highlight=False)
    with console.capture() as captured:
        yield console
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def print_table(
    headings: Sequence[str], rows: Iterable[Iterable[str]], left: Collection[int] = (0,)
) -> None:
    """Print a table. The columns in ``left`` are text, aligned left; the others are numbers."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i in left else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    with printing() as console:
        # On a narrow terminal rich would cut numbers.
        wide = console.options.update(width=1000)
        console.width = max(console.width, console.measure(table, options=wide).maximum)
        console.print(table)


def number(value: float, form: str, none: str = "-") -> str:
    """Format a number; return ``none`` for NaN."""
    return none if isnan(value) else f"{value:{form}}"
