"""What commands print: lines of text, and tables by rich."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import isnan
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


def print_table(
    headings: Sequence[str], rows: Iterable[Iterable[str]], left: Collection[int] = (0,)
) -> None:
    """Print a table of numbers; the columns of words are those in ``left``."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i in left else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    with printing() as console:
        # Numbers cut to fit a narrow terminal would be worth nothing.
        wide = console.options.update(width=1000)
        console.width = max(console.width, console.measure(table, options=wide).maximum)
        console.print(table)


def number(value: float, form: str, none: str = "-") -> str:
    """Return a number in a format, or what stands where there is none."""
    return none if isnan(value) else f"{value:{form}}"
