"""What ``scbsim info`` prints of a file of all runs of a sweep."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from scbsim.cli.console import printing
from scbsim.cli.summary import size
from scbsim.observables import in_words

_KINDS = {
    "copy": "a copy of what all runs of a sweep recorded; it needs no other file",
    "view": "a view of the files of all runs of a sweep, which it needs where they are",
}


def print_collection(content: dict[str, Any]) -> None:
    """Print what :func:`scbsim.storage.collection.describe` says of such a file."""
    gone = content["files_gone"]
    rows = [
        ("what", _KINDS[content["kind"]]),
        ("runs", f"{content['runs']}: {in_words(content['run_status'])}"),
        *([("gone", f"{len(gone)} files, the first {gone[0]}")] if gone else []),
        *(
            (name, f"{each['size']}, from {each['first']} to {each['last']}")
            for name, each in content["dimensions"].items()
        ),
        ("size", size(content["bytes"])),
        ("schema", f"{content['format']} {content['schema_version']}"),
    ]
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, words in rows:
        table.add_row(Text(name), Text(words))
    with printing() as console:
        console.print(Text(content["path"], style="bold"))
        console.print(table)
