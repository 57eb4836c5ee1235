"""The tables that ``scbsim info`` prints about the output of a run."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scbsim.cli.console import printing
from scbsim.cli.summary import size
from scbsim.cli.wrapping import wrapped
from scbsim.observables import BATCH_LOSS, OBSERVABLES, in_words
from scbsim.storage.runfile.lacking import lacking_in_words
from scbsim.util.text import all_printable, counted, in_short, printable

_MEANING = {
    "stopped": "stopped on a signal",
    "failed": "failed: an error of a write, of given samples or functions, or of the program",
}


def print_tables(content: dict[str, Any]) -> None:
    """Print what :func:`scbsim.storage.description.describe` returned for a file."""
    made = dict(content["provenance"])
    rules = made.pop("rules", {})
    content = all_printable(content | {"provenance": made})
    head = [
        ("status", status_text(content)),
        *_replicas(content),
        *([("diagnosis", content["diagnosis"])] if content["diagnosis"] else []),
        *_rows(content),
        ("size", size(content["bytes"])),
        ("written", f"{content['created_utc']} by scbsim {content['code_version']}"),
        ("schema", f"{content['format']} {content['schema_version']}"),
        ("run", content["run_uuid"]),
    ]
    with printing() as console:
        console.print(Text(str(content["path"]), style="bold"))
        print_pairs(console, head)
        title = "Observables, medians over replicas" if "replicas" in content else "Observables"
        _section(console, title, _observables(content["last"], content["normalized"]))
        if content["observed"]:
            _section(console, "Observables of your own", _own(content["observed"]))
        if content["stages"]:
            _section(console, "Stages", _records(content["stages"], "replicas" in content))
        for title, table in (("Spec", content["spec"]), ("Made by", content["provenance"])):
            _heading(console, title)
            print_pairs(console, flat(table))
        for name, source in rules.items():
            text = Text(printable(source.rstrip(), keep="\n"))
            _section(console, f"Rule {printable(name)}", Padding(text, (0, 0, 0, 2)))


def _rows(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Return how many rows there are, and which are lost."""
    last = f", the last at step {content['step']}" if content["rows"] else ""
    lost = content["lacks_steps_before"]
    lacking = [("lacking", f"it {lacking_in_words(lost)}")] if lost else []
    kept = content["matrices"]
    matrices = [("matrices", f"of step {in_short(kept)}")] if kept else []
    return [("rows", f"{content['rows']}{last}"), *lacking, *matrices]


def _replicas(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Return how many replicas of an ensemble have each status."""
    if "replicas" not in content:
        return []
    counts = in_words(content["replica_status"])
    return [("replicas", f"{content['replicas']}: {counts}")]


def status_text(content: dict[str, Any]) -> str:
    """Return whether a run is active, or how it ended and which command resumes it."""
    status, path = content["status"], shlex.quote(str(content["path"]))
    if status == "running" and content["writer"]:
        return f"running: written by {content['writer']}"
    text: str = _MEANING.get(status, status)
    if status == "running":
        text = (
            "interrupted: no process on this machine writes it, so its writer was killed, could "
            "not write, or the machine went down"
        )
    if status in ("complete", "diverged"):
        # The replicas of an ensemble may differ.
        mixed = len(content.get("replica_status", ())) > 1
        return f"{text}: {in_words(content['replica_status'])} replicas" if mixed else text
    step = content["checkpoint_step"]
    if failed := content["failed_observable"]:
        again = "from step 0: there is no checkpoint" if step is None else f"from step {step}"
        return (
            f"failed: the observable {failed}. Mend the function; then `scbsim run SPEC.toml -o "
            f"{path} --resume` goes on {again}"
        )
    where = "from the start" if step is None else f"from the checkpoint at step {step}"
    return f"{text}. `scbsim run SPEC.toml -o {path} --resume` resumes it {where}"


def flat(table: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Return nested tables as pairs of a dotted key, as after ``--set``, and a value."""
    if isinstance(table, dict):
        items: Iterable[tuple[Any, Any]] = table.items()
    elif isinstance(table, list | tuple) and any(isinstance(each, dict) for each in table):
        items = enumerate(table)
    else:
        return [(prefix, str(table))]
    return [
        pair
        for key, value in items
        if value is not None
        for pair in flat(value, f"{prefix}.{key}" if prefix else str(key))
    ]


def _section(console: Console, title: str, table: Table | Padding) -> None:
    _heading(console, title)
    console.print(table)


def _heading(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold"))


def print_pairs(console: Console, rows: Iterable[tuple[str, str]], apart: int = 0) -> None:
    """Print names and texts, with ``apart`` more spaces between them.

    Texts are wrapped, but commands in them stay in one line, to be copied.
    """
    rows = list(rows)
    column = 4 + apart + max((cell_len(key) for key, _ in rows), default=0)
    for key, value in rows:
        first, *others = wrapped(str(value), max(20, console.width - column)).split("\n")
        line = Text(f"  {key}{' ' * (column - 2 - cell_len(key))}", style="cyan")
        console.print(line.append(first, style="none"), soft_wrap=True)
        for other in others:
            console.print(Text(f"{' ' * column}{other}"), soft_wrap=True)


def _observables(last: dict[str, float] | None, normalized: dict[str, float] | None) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column("at the end", justify="right")
    if normalized:
        table.add_column("normalised", justify="right")
    table.add_column("", style="dim")
    more = [BATCH_LOSS] if BATCH_LOSS.name in (last or {}) else []
    for observable in (*OBSERVABLES, *more):
        values = [last] if not normalized else [last, normalized]
        cells = [_number((each or {}).get(observable.name)) for each in values]
        table.add_row(
            Padding(Text(observable.name, style="cyan"), (0, 0, 0, 2)), *cells, observable.long_name
        )
    return table


def _own(observed: dict[str, dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column("at the end", justify="right")
    table.add_column("every", justify="right")
    table.add_column("", style="dim", overflow="fold")
    for name, each in observed.items():
        units = "" if each["units"] == "1" else f" [{each['units']}]"
        last = _number(each["last"])
        if each["shape"]:
            last = f"{' x '.join(map(str, each['shape']))} values"
        said = f"{each['long_name']}{units}, {each['function']}"
        cells = (last, str(each["every"]), Text(said))
        table.add_row(Padding(Text(name, style="cyan"), (0, 0, 0, 2)), *cells)
    return table


def _records(records: list[dict[str, Any]], of_ensemble: bool) -> Padding:
    words = {"step": "median step" if of_ensemble else "step", "reason": "ended by"}
    table = Table(box=None, padding=(0, 2, 0, 0))
    for key in records[0]:
        table.add_column(words.get(key, key), justify="left" if key == "reason" else "right")
    for record in records:
        said = record | ({"reason": _by_replicas(record["reason"])} if of_ensemble else {})
        cells = (f"{v:g}" if isinstance(v, float) else str(v) for v in said.values())
        table.add_row(*map(Text, cells))
    return Padding(table, (0, 0, 0, 2))


def _by_replicas(reasons: str) -> str:
    """Return how a stage of an ensemble ended: ``"3 signal, 1 steps"``, said in full."""
    each = (part.split(" ", 1) for part in reasons.split(", "))
    return ", ".join(f"{reason} ({counted(int(count), 'replica')})" for count, reason in each)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
