"""Long lines of messages, broken between words, and never within a command."""

from __future__ import annotations

import os
import re
import sys
from typing import Final

_TOKEN: Final = re.compile(r"[(\"']*`[^`]*`\S*|\S+")
"""A word, or a command in backticks with what stands around it."""

_WHOLE: Final = ("next:", "scbsim ", "$ ")
"""The beginnings of lines that are commands."""

_LEAST: Final = 30
"""Columns of a terminal below which nothing is wrapped."""


def wrapped(text: str, width: int) -> str:
    """Return a text with lines of at most ``width`` characters.

    Words that are longer, such as paths, and commands in backticks stay whole, and may stand out:
    a terminal goes on in its next row, and what is copied from there has no break. Lines that begin
    with ``next:`` stay as they are. Other lines go on with their own indentation, and two spaces if
    they have any.
    """
    return "\n".join(_line(line, width) for line in text.split("\n"))


def _line(line: str, width: int) -> str:
    begin = line.lstrip(" ")
    if len(line) <= width or begin.startswith(_WHOLE):
        return line
    indent = " " * (len(line) - len(begin))
    hanging = indent + "  " * bool(indent)
    lines = [indent]
    for token in _TOKEN.findall(begin):
        here = lines[-1]
        empty = not here.strip()
        # A path that fits nowhere does not leave "Error:" alone.
        alone = here == "Error:" and len(token) > width
        if empty or alone or len(here) + 1 + len(token) <= width:
            lines[-1] = f"{here}{token}" if empty else f"{here} {token}"
        else:
            lines.append(f"{hanging}{token}")
    return "\n".join(lines)


def width_of_messages() -> int | None:
    """Return the columns of the terminal that messages go to; None if they go somewhere else."""
    try:
        if not sys.stderr.isatty():
            return None
        given = os.environ.get("COLUMNS", "")
        found = int(given) if given.isdecimal() else os.get_terminal_size(2).columns
    except (OSError, ValueError):
        return None
    return found if found >= _LEAST else None
