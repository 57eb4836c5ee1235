"""``scbsim info``: what is in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from scbsim.cli.options import debug_option


@click.command(short_help="Say what is in a file or a folder.")
@click.argument("path", metavar="OUT.h5", type=click.Path(path_type=Path))
@click.option(
    "--json", "as_json", is_flag=True, help='As JSON; NaN is null, infinities are "inf", "-inf".'
)
@debug_option
def info(path: Path, as_json: bool) -> None:
    """Say what is in OUT.h5: how the run ended, where, its spec, and what made it.

    The file may be one that another process is still writing, or any other that scbsim writes: of
    all runs of a sweep, a phase diagram, a comparison, samples, a task, a checkpoint. Of a folder
    it says what is in it.
    """
    from scbsim.contents import describe

    content = describe(path)
    if as_json:
        import json

        click.echo(json.dumps(jsonable(content), indent=2, allow_nan=False))
    else:
        _printer(content["format"])(content)


def _printer(kind: str) -> Callable[[dict[str, Any]], None]:
    """Return what prints the contents of a file, or of a folder."""
    from scbsim.cli import contents_table
    from scbsim.contents.folders import FOLDER
    from scbsim.storage.hdf5.formats import COLLECTION, FORMAT
    from scbsim.sweep.folder import FORMAT as SWEEP

    if kind == FORMAT:
        from scbsim.cli.info_table import print_tables

        return print_tables
    tables = {
        COLLECTION: contents_table.print_collection,
        SWEEP: contents_table.print_sweep,
        FOLDER: contents_table.print_folder,
    }
    return tables.get(kind, contents_table.print_facts)


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
