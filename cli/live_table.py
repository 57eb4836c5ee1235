"""Following a run while it is written: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from scbsim.cli.info_table import status_text
from scbsim.cli.summary import duration
from scbsim.observables import BATCH_LOSS, OBSERVABLES, in_words
from scbsim.run.progress import LINE_SECONDS
from scbsim.storage.description import describe
from scbsim.util.streams import failure
from scbsim.util.text import all_printable, counted

_SHOWN = ("alpha_A", "alpha_V", "delta_A", "delta_V", "sim_A", "sim_V", "loss", "batch_loss")


class Pace:
    """Steps per second, estimated from the last ten readings of a file that had new steps."""

    def __init__(self) -> None:
        self._readings: list[tuple[float, int]] = []

    def see(self, step: int, now: float) -> None:
        """Add a reading."""
        if not self._readings or step > self._readings[-1][1]:
            self._readings = [*self._readings[-9:], (now, step)]

    def rate(self) -> float:
        """Return steps per second, or 0 before two readings."""
        if len(self._readings) < 2:
            return 0.0
        (began, first), (now, last) = self._readings[0], self._readings[-1]
        return (last - first) / (now - began)


def follow(path: Path, seconds: float, wait: Callable[[float], None] = sleep) -> None:
    """Show a run until it or its writer ends, or stdout is closed; then print its status."""
    content, pace = _read(path), Pace()
    pace.see(content["step"], monotonic())
    shown = _as_table if sys.stdout.isatty() else _as_lines
    with suppress(KeyboardInterrupt), shown(content, pace) as show:
        while _is_active(content) and failure() is None:
            wait(seconds)
            content, run = _read(path), content["run_uuid"]
            if content["run_uuid"] != run:
                click.echo("the file was replaced by another run", err=True)
            pace.see(content["step"], monotonic())
            show(content)
    click.echo(status_text(content))


@contextmanager
def _as_table(content: dict[str, Any], pace: Pace) -> Iterator[Callable[[dict[str, Any]], None]]:
    with Live(_table(content, pace), console=Console(), auto_refresh=False) as live:
        yield lambda content: live.update(_table(content, pace), refresh=True)


@contextmanager
def _as_lines(content: dict[str, Any], pace: Pace) -> Iterator[Callable[[dict[str, Any]], None]]:
    printed_at = float("-inf")

    def show(content: dict[str, Any]) -> None:
        nonlocal printed_at
        if monotonic() - printed_at >= LINE_SECONDS or not _is_active(content):
            click.echo(_line(content, pace))
            printed_at = monotonic()

    show(content)
    yield show


def _is_active(content: dict[str, Any]) -> bool:
    return content["status"] == "running" and content["writer"] is not None


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = all_printable(describe(path))
    return content


def _total(content: dict[str, Any]) -> int:
    return sum(int(stage["steps"]) for stage in content["spec"]["stage"])


def _left(content: dict[str, Any], pace: Pace) -> str:
    rate = pace.rate()
    if not rate or not _is_active(content):
        return ""
    return f"{rate:.3g} steps/s  {duration((_total(content) - content['step']) / rate)} left"


def _line(content: dict[str, Any], pace: Pace) -> str:
    last = content["last"]
    facts = [f"{name} {last[name]:.4g}" for name in _SHOWN[:4] if name in last]
    at = f"step {content['step']}/{_total(content)}"
    return "  ".join(
        part for part in (at, _left(content, pace), _replicas(content), *facts) if part
    )


def _replicas(content: dict[str, Any]) -> str:
    """Return how many replicas of an ensemble have each status."""
    return in_words(content["replica_status"]) if "replicas" in content else ""


def _table(content: dict[str, Any], pace: Pace) -> RenderableType:
    head = Text.assemble(
        (str(content["path"]), "bold"),
        f"  step {content['step']} of {_total(content)}  {_left(content, pace)}",
    )
    if "replicas" in content:
        head.append(f"\nmedians of {counted(content['replicas'], 'replica')}: {_replicas(content)}")
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for observable in (*OBSERVABLES, BATCH_LOSS):
        if observable.name in _SHOWN and observable.name in content["last"]:
            value = f"{content['last'][observable.name]:.6g}"
            table.add_row(Text(observable.name, style="cyan"), value, observable.long_name)
    # A bar does not end its line.
    bar = Padding(ProgressBar(_total(content), content["step"], width=60), (0, 0, 1, 0))
    return Group(head, bar, table)
