"""What ``scbsim info`` prints of folders, and of files that are not the output of one run."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from rich.text import Text

from scbsim.cli.console import printing
from scbsim.cli.info_table import flat, pairs
from scbsim.cli.summary import size
from scbsim.observables import in_words
from scbsim.storage.hdf5.formats import KINDS
from scbsim.util.text import all_printable

_COLLECTIONS = {
    "copy": "a copy of what all runs of a sweep recorded; it needs no other file",
    "view": "a view of the files of all runs of a sweep, which it needs where they are",
}


def print_collection(content: dict[str, Any]) -> None:
    """Print what :func:`scbsim.storage.collection.describe` says of a file."""
    gone = content["files_gone"]
    _print(
        content["path"],
        [
            ("what", _COLLECTIONS[content["kind"]]),
            ("runs", f"{content['runs']}: {in_words(content['run_status'])}"),
            *([("gone", f"{len(gone)} files, the first {gone[0]}")] if gone else []),
            *_dimensions(content),
            ("size", size(content["bytes"])),
            ("schema", f"{content['format']} {content['schema_version']}"),
        ],
    )


def print_sweep(content: dict[str, Any]) -> None:
    """Print what :func:`scbsim.contents.describe` says of the folder of a sweep."""
    path = shlex.quote(content["path"])
    _print(
        content["path"],
        [
            ("what", f"the folder of a sweep; `scbsim status {path}` has its runs"),
            ("runs", f"{content['runs']}: {in_words(content['run_status'])}"),
            *_dimensions(content),
        ],
    )


def print_folder(content: dict[str, Any]) -> None:
    """Print what it says of another folder: its files, and how far their runs came."""
    rows = [
        (
            each["file"],
            f"{KINDS[each['format']]}{_how_far(each)}",
        )
        for each in content["files"]
    ]
    _print(content["path"], rows)


def print_facts(content: dict[str, Any]) -> None:
    """Print what it says of any other file."""
    facts = {k: v for k, v in content.items() if k not in ("path", "bytes", "format", "what")}
    rows = [("what", content["what"]), ("size", size(content["bytes"]))]
    _print(content["path"], [*rows, *flat(facts)])


def _how_far(each: dict[str, Any]) -> str:
    if "status" not in each:
        return ""
    where = f" at step {each['step']}" if "step" in each else f": {each['note']}"
    return f", {each['status']}{where}"


def _dimensions(content: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, f"{each['size']}, from {each['first']} to {each['last']}")
        for name, each in content["dimensions"].items()
    ]


def _print(path: str, rows: Iterable[tuple[str, str]]) -> None:
    with printing() as console:
        console.print(Text(all_printable(path), style="bold"))
        console.print(pairs(all_printable(list(rows)), apart=2))
