"""How a sweep is doing: a line for each run in hand and one for all, on a terminal or in plain."""

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
from scbsim.sweep.local import SweepResult as Tally
from scbsim.sweep.local import Working
from scbsim.util.streams import on_terminal
from scbsim.util.text import printable

_REFRESH_SECONDS = 0.5
_START_SECONDS = 3.0
"""For a process to begin; a run that has taken no step by then may wait for kernels."""

_BAR_WIDTH = 20


@contextmanager
def following(folder: SweepFolder, quiet: bool) -> Iterator[Callable[[Tally, list[Working]], None]]:
    """Give what tells people of a sweep, on stderr."""
    if quiet:
        yield lambda _tally, _working: None
    elif not on_terminal():
        yield _Lines(folder).tell
    else:
        with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
            yield _Bars(folder, live).tell


class _Teller:
    """Says what ended at once, and how the rest is doing now and then."""

    def __init__(self, folder: SweepFolder, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        self._began = monotonic()
        self._due = self._began + (seconds if seconds > 1 else 0.0)
        self._said = 0

    def tell(self, tally: Tally, working: list[Working]) -> None:
        for run in tally.failed[self._said :]:
            say(f"{run.name} failed: {tally.reasons[run.name]}", err=True)
        self._said = len(tally.failed)
        if monotonic() >= self._due:
            self._due = monotonic() + self._seconds
            self._show(tally, working)

    def _show(self, tally: Tally, working: list[Working]) -> None:
        raise NotImplementedError

    def _step(self, each: Working) -> tuple[int, int, str]:
        """Return the steps on file of a run in hand, those of its spec, and what it waits for."""
        total = self._folder.sweep.total_steps(each.run)
        try:
            step = run_status(self._folder.output(each.run)).step
        except OutputError:
            step = 0
        return step, total, "" if step else self._compiling()

    def _compiling(self) -> str:
        """Say which kernel one of the runs compiles, while the others wait for it."""
        if monotonic() - self._began < _START_SECONDS:
            return ""
        # It takes a moment to import, which most sweeps need not wait for.
        from scbsim.kernels.compile import jit

        jit.say_if_none_can_be_kept()
        kernel = jit.kernel_in_compilation()
        return f", compiling {kernel}" if kernel else ""


class _Lines(_Teller):
    def __init__(self, folder: SweepFolder) -> None:
        super().__init__(folder, LINE_SECONDS)

    def _show(self, tally: Tally, working: list[Working]) -> None:
        for each in working:
            said = "{}: step {}/{}{}".format(each.run.name, *self._step(each))
            say(said, err=True)
        say(in_all(tally), err=True)


class _Bars(_Teller):
    def __init__(self, folder: SweepFolder, live: Live) -> None:
        super().__init__(folder, _REFRESH_SECONDS)
        self._live = live

    def _show(self, tally: Tally, working: list[Working]) -> None:
        table = Table.grid(padding=(0, 2, 0, 0))
        for each in working:
            step, total, waits = self._step(each)
            bar = ProgressBar(total, step, width=_BAR_WIDTH)
            table.add_row(Text(printable(each.run.name)), bar, f"{step}/{total}{waits}")
        ended = tally.kept + len(tally.done) + len(tally.failed)
        table.add_row("all runs", ProgressBar(tally.total, ended, width=_BAR_WIDTH), in_all(tally))
        self._live.update(table, refresh=True)


def in_all(tally: Tally) -> str:
    """Say how many runs have ended, and how."""
    parts = [f"{tally.kept + len(tally.done)} of {tally.total} runs done"]
    for name in ("failed", "stopped"):
        if count := len(getattr(tally, name)):
            parts.append(f"{count} {name}")
    return ", ".join(parts)
