"""What ``scbsim info`` prints about any file or folder."""

from __future__ import annotations

import shlex
from typing import Any

from rich.text import Text

from scbsim.cli.console import printing
from scbsim.cli.info_table import flat, print_pairs, print_tables
from scbsim.cli.summary import size
from scbsim.contents.folders import FOLDER
from scbsim.observables import in_words
from scbsim.storage.hdf5.formats import COLLECTION, FORMAT, KINDS
from scbsim.sweep.folder import FORMAT as SWEEP
from scbsim.util.text import all_printable, counted

Rows = list[tuple[str, str]]

_COLLECTIONS = {
    "copy": "a copy of what all runs of a sweep recorded; it needs no other file",
    "view": "a view of the files of all runs of a sweep, which must stay where they are",
}


def print_content(content: dict[str, Any]) -> None:
    """Print what :func:`scbsim.contents.describe` returned for a file or folder."""
    kind = content["format"]
    if kind == FORMAT:
        print_tables(content)
        return
    rows = {COLLECTION: _collection, SWEEP: _sweep, FOLDER: _folder}.get(kind, _facts)(content)
    with printing() as console:
        console.print(Text(all_printable(content["path"]), style="bold"))
        print_pairs(console, all_printable(rows), apart=2)


def _collection(content: dict[str, Any]) -> Rows:
    gone = content["files_gone"]
    return [
        ("what", _COLLECTIONS[content["kind"]]),
        _runs(content),
        *([("gone", f"{counted(len(gone), 'file')}, the first {gone[0]}")] if gone else []),
        *_dimensions(content),
        ("size", size(content["bytes"])),
        ("schema", f"{content['format']} {content['schema_version']}"),
    ]


def _sweep(content: dict[str, Any]) -> Rows:
    command = f"scbsim status {shlex.quote(content['path'])}"
    what = ("what", f"the folder of a sweep; `{command}` has its runs")
    return [what, _runs(content), *_dimensions(content)]


def _folder(content: dict[str, Any]) -> Rows:
    return [
        (each["file"], f"{KINDS[each['format']]}{_progress(each)}") for each in content["files"]
    ]


def _facts(content: dict[str, Any]) -> Rows:
    facts = {k: v for k, v in content.items() if k not in ("path", "bytes", "format", "what")}
    return [("what", content["what"]), ("size", size(content["bytes"])), *flat(facts)]


def _runs(content: dict[str, Any]) -> tuple[str, str]:
    return "runs", f"{content['runs']}: {in_words(content['run_status'])}"


def _progress(each: dict[str, Any]) -> str:
    if "status" not in each:
        return ""
    where = f" at step {each['step']}" if "step" in each else f": {each['note']}"
    return f", {each['status']}{where}"


def _dimensions(content: dict[str, Any]) -> Rows:
    return [
        (name, f"{each['size']}, from {each['first']} to {each['last']}")
        for name, each in content["dimensions"].items()
    ]
