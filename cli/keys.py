"""``scbsim keys``: what can be written in a spec."""

from __future__ import annotations

from textwrap import fill, indent
from typing import TYPE_CHECKING

import click

from scbsim.cli import completion
from scbsim.cli.console import say
from scbsim.cli.options import debug_option
from scbsim.util.pages import by_title
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.spec.keys import Key


@click.command(short_help="List the keys of a spec, describe some, or search them.")
@click.argument("word", required=False, shell_complete=completion.key_or_table)
@click.option("--markdown", is_flag=True, help="Print all of them as a page of documentation.")
@debug_option
def keys(word: str | None, markdown: bool) -> None:
    """List the keys of a spec, or describe those of a table, or one key.

    If WORD is neither, it is searched for: in the names of all keys, in what they take and in their
    descriptions.

    \b
    scbsim keys
    scbsim keys stage
    scbsim keys threshold_sigmas
    scbsim keys "noise level"
    """  # noqa: D301  (click reads the escape)
    from scbsim.spec.keys import TABLES, as_markdown, holding, keys_of, matching

    if markdown:
        click.echo(as_markdown(), nl=False)
        return
    if word is not None:
        found = matching(word)
        if not found:
            found = holding(word)
            has = "has" if len(found) == 1 else "have"
            head = f"no table or key is called {word}; {counted(len(found), 'key')} {has} it in"
            say(f"{head} the name, the values\nor the description:\n")
        click.echo("\n\n".join(_described(key) for key in found))
        return
    for table, model in TABLES.items():
        if table:
            click.echo(f"\n{model.place}")
        for key in keys_of(table):
            default = "required" if key.required else key.default or ""
            click.echo(f"{key.name:20}{default:14}{key.takes}".rstrip())


def _described(key: Key) -> str:
    default = f"default {key.default}" if key.default else "optional"
    facts = f"Takes {key.takes}; {'required' if key.required else default}."
    texts = (facts, by_title(key.description.replace("``", "")))
    return "\n".join([key.dotted, *(indent(fill(text, 74), "  ") for text in texts)])
