"""``scbsim info``: what is in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scbsim.cli.options import debug_option


@click.command(short_help="Say what is in a file.")
@click.argument("path", metavar="OUT.h5", type=click.Path(path_type=Path))
@click.option(
    "--json", "as_json", is_flag=True, help='As JSON; NaN is null, infinities are "inf", "-inf".'
)
@debug_option
def info(path: Path, as_json: bool) -> None:
    """Say what is in OUT.h5: how the run ended, where, its spec, and what made it.

    The file may be one that another process is still writing, or one of all runs of a sweep.
    """
    from scbsim.storage.collection import describe
    from scbsim.storage.schema import COLLECTION

    content = describe(path)
    if as_json:
        import json

        click.echo(json.dumps(jsonable(content), indent=2, allow_nan=False))
    elif content["format"] == COLLECTION:
        from scbsim.cli.collection_table import print_collection

        print_collection(content)
    else:
        from scbsim.cli.info_table import print_tables

        print_tables(content)


def jsonable(value: Any) -> Any:
    """Return ``value`` in JSON's own types; JSON has no word for NaN and the infinities."""
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
    # NumPy scalars and arrays know their Python selves; anything else is said in words.
    return jsonable(value.tolist()) if hasattr(value, "tolist") else str(value)
