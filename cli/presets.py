"""``scbsim presets``: specs to start from."""

from __future__ import annotations

import click

from scbsim.cli import completion
from scbsim.cli.options import debug_option


@click.command(short_help="List the presets, or print one as TOML.")
@click.argument("name", required=False, shell_complete=completion.preset)
@debug_option
def presets(name: str | None) -> None:
    """List the presets, or print the one called NAME as TOML to start from.

    \b
    scbsim presets figure5-n100-l1 > mine.toml
    scbsim run mine.toml -o mine.h5
    """  # noqa: D301  (click reads the escape)
    from scbsim import presets as library

    if name is not None:
        click.echo(library.text(name), nl=False)
        return
    names = library.names()
    width = max(map(len, names))
    for each in names:
        click.echo(f"{each:{width}}  {library.describe(each)}")
