"""``scbsim keys``: what can be written in a spec."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill, indent, shorten
from typing import TYPE_CHECKING, Final

import click

from scbsim.cli import completion
from scbsim.cli.console import say
from scbsim.cli.options import debug_option
from scbsim.util.pages import by_title
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.spec.keys import Key


MOST_DESCRIBED: Final = 5
"""Up to this many keys that a search finds are described; of more the names are listed."""


@click.command(short_help="List the keys of a spec, describe some, or search them.")
@click.argument("words", metavar="[WORD]...", nargs=-1, shell_complete=completion.key_or_table)
@click.option("--markdown", is_flag=True, help="Print all of them as a page of documentation.")
@debug_option
def keys(words: tuple[str, ...], markdown: bool) -> None:
    """List the keys of a spec, or describe those of a table, or one key.

    If WORD is neither, it is searched for: in the names of all keys, in what they take and in their
    descriptions. Of several words all must be there.

    \b
    scbsim keys
    scbsim keys stage
    scbsim keys threshold_sigmas
    scbsim keys learning rate
    """  # noqa: D301  (click reads the escape)
    from scbsim.spec.keys import TABLES, as_markdown, holding, keys_of, matching

    if markdown:
        click.echo(as_markdown(), nl=False)
    elif words:
        text = " ".join(words)
        if found := matching(text):
            click.echo("\n\n".join(map(_described, found)))
        else:
            _print_found(text, holding(text))
    else:
        for table, model in TABLES.items():
            if table:
                click.echo(f"\n{model.place}")
            for key in keys_of(table):
                default = "required" if key.required else key.default or ""
                click.echo(f"{key.name:20}{default:14}{key.takes}".rstrip())


def _print_found(text: str, found: Sequence[Key]) -> None:
    """Print the keys that a search found, and what was searched."""
    say(
        f"No table and no key is called {text}. In names, values and descriptions\n"
        f"{counted(len(found), 'key')} {'has' if len(found) == 1 else 'have'} it:\n"
    )
    if len(found) <= MOST_DESCRIBED:
        click.echo("\n\n".join(map(_described, found)))
        return
    for key in found:
        begin = by_title(key.description.replace("``", ""))
        click.echo(f"{key.dotted:26}{shorten(begin, 53, placeholder=' ...')}")
    click.echo("\n`scbsim keys KEY` describes one of them.")


def _described(key: Key) -> str:
    default = f"default {key.default}" if key.default else "optional"
    facts = f"Takes {key.takes}; {'required' if key.required else default}."
    texts = (facts, by_title(key.description.replace("``", "")))
    return "\n".join([key.dotted, *(indent(fill(text, 74), "  ") for text in texts)])
