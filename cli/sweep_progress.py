"""Progress of a sweep: a bar for each active run on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from scbsim.cli.console import say
from scbsim.errors import OutputError
from scbsim.run.progress import LINE_SECONDS
from scbsim.storage.runfile.status import run_status
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.local import SweepResult, Working
from scbsim.util.streams import on_terminal
from scbsim.util.text import counted, printable

_REFRESH_SECONDS = 0.5
_START_SECONDS = 3.0
"""Time for a process to start. A run without a step by then may be waiting for kernels."""

_BAR_WIDTH = 20


@contextmanager
def reporting(
    folder: SweepFolder, quiet: bool
) -> Iterator[Callable[[SweepResult, list[Working]], None]]:
    """Yield a callback that reports the progress of a sweep on stderr."""
    if quiet:
        yield lambda _tally, _working: None
    elif not on_terminal():
        yield _Reporter(folder).update
    else:
        with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
            yield _Reporter(folder, live).update


class _Reporter:
    """Reports failures at once, and the active runs from time to time: by ``live``, or as lines."""

    def __init__(self, folder: SweepFolder, live: Live | None = None) -> None:
        self._folder, self._live = folder, live
        self._seconds = LINE_SECONDS if live is None else _REFRESH_SECONDS
        self._began = monotonic()
        self._due = self._began + (self._seconds if live is None else 0.0)
        self._failures = 0

    def update(self, tally: SweepResult, working: list[Working]) -> None:
        for run in tally.failed[self._failures :]:
            say(f"{run.name} failed: {tally.reasons[run.name]}", err=True)
        self._failures = len(tally.failed)
        if monotonic() < self._due:
            return
        self._due = monotonic() + self._seconds
        rows = [(printable(each.run.name), *self._step(each)) for each in working]
        if self._live is not None:
            self._live.update(_bars(rows, tally), refresh=True)
            return
        for name, step, total, waits in rows:
            say(f"{name}: step {step}/{total}{waits}", err=True)
        say(tally_text(tally), err=True)

    def _step(self, each: Working) -> tuple[int, int, str]:
        """Return the last step in a run's file, its total steps, and what it waits for."""
        total = self._folder.sweep.total_steps(each.run)
        try:
            step = run_status(self._folder.output(each.run)).step
        except OutputError:
            step = 0
        return step, total, "" if step else self._compiling()

    def _compiling(self) -> str:
        """Return which kernel one of the runs is compiling, while the others wait for it."""
        if monotonic() - self._began < _START_SECONDS:
            return ""
        # A slow import that most sweeps do not need.
        from scbsim.kernels.compile import jit

        jit.say_if_none_can_be_kept()
        kernel = jit.kernel_in_compilation()
        return f", compiling {kernel}" if kernel else ""


def _bars(rows: list[tuple[str, int, int, str]], tally: SweepResult) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, step, total, waits in rows:
        bar = ProgressBar(total, step, width=_BAR_WIDTH)
        table.add_row(Text(name), bar, f"{step}/{total}{waits}")
    ended = tally.kept + len(tally.done) + len(tally.failed)
    table.add_row("all runs", ProgressBar(tally.total, ended, width=_BAR_WIDTH), tally_text(tally))
    return table


def tally_text(tally: SweepResult) -> str:
    """Return how many runs are done, failed and stopped."""
    parts = [f"{tally.kept + len(tally.done)} of {counted(tally.total, 'run')} done"]
    for name in ("failed", "stopped"):
        if count := len(getattr(tally, name)):
            parts.append(f"{count} {name}")
    return ", ".join(parts)
