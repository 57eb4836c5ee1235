"""``scbsim info``: what is in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scbsim.cli.options import PATH, debug_option


@click.command(short_help="Show what is in a file or a folder.")
@click.argument("path", metavar="OUT.h5", type=PATH)
@click.option(
    "--json", "as_json", is_flag=True, help='As JSON; NaN is null, infinities are "inf", "-inf".'
)
@debug_option
def info(path: Path, as_json: bool) -> None:
    """Show what is in OUT.h5: how the run ended, where, its spec, and what made it.

    The file may still be written by another process. Any other file of scbsim will do too: the
    collected runs of a sweep, a phase diagram, a comparison, samples, a task, a checkpoint. For a
    folder its content is listed.
    """
    from scbsim.contents import describe

    content = describe(path)
    if as_json:
        import json

        click.echo(json.dumps(jsonable(content), indent=2, allow_nan=False))
    else:
        from scbsim.cli.contents_table import print_content

        print_content(content)


def jsonable(value: Any) -> Any:
    """Return ``value`` in the types of JSON, which has no NaN and no infinities."""
    if isinstance(value, dict):
        return {str(key): jsonable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(each) for each in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        if value != value:
            return None
        return value if abs(value) != float("inf") else str(value)
    # NumPy scalars and arrays become Python's own; anything else becomes text.
    return jsonable(value.tolist()) if hasattr(value, "tolist") else str(value)
