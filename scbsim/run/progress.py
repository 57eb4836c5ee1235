"""How far a run has come: a line that moves on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final

from scbsim.util.streams import STDERR, on_terminal

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from scbsim.kernels.compile.events import Compiling

SHOWN: Final = ("alpha_A", "alpha_V", "delta_A")
"""The observables that a line of progress has."""

REFRESH_SECONDS: Final = 0.2
LINE_SECONDS: Final = 10.0
BAR_WIDTH: Final = 12


class Progress:
    """Tell stderr how a run is doing, at a cost that does not show.

    Parameters
    ----------
    total_steps : int
        Steps of all stages together; a stage that ends on its signal makes it fewer.
    quiet : bool
        Say nothing at all.
    unit : str
        What is counted, if not steps.
    kernels : sequence of str
        What may have to be compiled for it, in order.
    """

    def __init__(
        self,
        total_steps: int,
        quiet: bool = False,
        unit: str = "step",
        kernels: Sequence[str] = (),
    ) -> None:
        self.total_steps = total_steps
        self.quiet = quiet
        self.unit = unit
        self.label = ""
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._first: tuple[int, float] | None = None
        self._last: tuple[int, int, Mapping[str, float]] | None = None
        self._note = ""
        self._kernels = tuple(kernels)
        self._listening = ExitStack()
        self._period = REFRESH_SECONDS if on_terminal() else LINE_SECONDS
        self._due = float("inf")
        self._due_compiling = 0.0
        self._said = self._said_compiling = False

    @contextmanager
    def preparing(self, label: str) -> Iterator[None]:
        """Tell what is compiled before :meth:`start`; both end with the body at the latest."""
        self._listen(label)
        try:
            yield
        finally:
            self._listening.close()
            if self._bar is not None or self._said:
                self.close("failed")

    def start(self, label: str) -> None:
        """Begin; ``label`` says what runs."""
        self._listen(label)
        if self.quiet:
            return
        self._due = monotonic() + (0.0 if on_terminal() else self._period)
        if on_terminal():
            self._begin_bar()

    def _listen(self, label: str) -> None:
        """Tell from now on what is compiled."""
        if self.quiet or self.label:
            return
        from scbsim.kernels.compile.events import told

        self.label = label
        self._listening.enter_context(told(self._compiling))

    def _begin_bar(self) -> None:
        if self._bar is None:
            self._bar = _bar()
            self._task = self._bar.add_task(self.label, total=self.total_steps, facts="starting")
            self._bar.start()
            self._bar.refresh()

    def _compiling(self, what: Compiling) -> None:
        """Show a kernel that is compiled: each on a terminal, where it moves, and one elsewhere."""
        if on_terminal():
            now = monotonic()
            if what.functions and now < self._due_compiling:
                return
            self._due_compiling = now + REFRESH_SECONDS
            self._begin_bar()
            assert self._bar is not None
            assert self._task is not None
            self._bar.update(self._task, facts=compiling_in_words(what, self._kernels))
            self._bar.refresh()
        elif not self._said_compiling:
            self._said_compiling = True
            print(f"{self.label}: {compiling_in_words(what, self._kernels)}", file=STDERR)

    def update(self, step: int, stage: int, row: Mapping[str, float], note: str = "") -> None:
        """Take note of the row recorded at ``step``; shown at most five times a second.

        ``note`` is of an ensemble, whose row has medians: how many replicas run and have ended.
        """
        now = monotonic()
        if self._first is None and self._last is not None:
            # The rate counts from the first steps on: compiling comes before they return.
            self._first = (step, now)
        self._last, self._note = (step, stage, row), note
        if now < self._due:
            return
        self._due = now + self._period
        self._show(now)

    def close(self, status: str) -> None:
        """End, and leave the last state of the line with how the run ended."""
        self._listening.close()
        if self._bar is not None:
            self._show(monotonic(), ended=status)
            self._bar.stop()
            self._bar = None
        elif self._said:
            self._show(monotonic(), ended=status)
            self._said = False
        self._due = float("inf")

    def _show(self, now: float, ended: str = "") -> None:
        if self._last is None:
            return
        step, stage, row = self._last
        began, at = self._first or (step, now)
        rate = (step - began) / (now - at) if now > at else 0.0
        left = "" if ended or rate <= 0 else f"{_clock((self.total_steps - step) / rate)} left"
        facts = [
            f"{rate:.3g} {self.unit}s/s" if rate > 0 else "",
            ended or left,
            f"stage {stage}" if stage else "",
            self._note,
            *(f"{name} {row[name]:.3g}" for name in SHOWN if name in row),
        ]
        facts = [fact for fact in facts if fact]
        if self._bar is not None and self._task is not None:
            # A run that is complete fills its bar even if a stage ended before its last step.
            total = step if ended == "complete" else self.total_steps
            self._bar.update(self._task, completed=step, total=total, facts=self._fitting(facts))
            self._bar.refresh()
        else:
            said = "  ".join([f"{self.label}: {self.unit} {step}/{self.total_steps}", *facts])
            print(said, file=STDERR)
            self._said = True

    def _fitting(self, facts: list[str]) -> str:
        """Leave the last facts out where the terminal is narrow."""
        assert self._bar is not None
        taken = len(self.label) + BAR_WIDTH + 2 * len(str(self.total_steps)) + 5
        while facts and taken + len("  ".join(facts)) > self._bar.console.width:
            facts = facts[:-1]
        return "  ".join(facts)


def compiling_in_words(what: Compiling, kernels: Sequence[str] = ()) -> str:
    """Say what is compiled, which of how many kernels that is, and how far it is."""
    of = f" ({kernels.index(what.kernel) + 1} of {len(kernels)})" if what.kernel in kernels else ""
    if what.waits:
        return f"waiting for another process that compiles {what.kernel}{of}"
    so_far = f", {what.functions} functions" if what.functions else ""
    return f"compiling {what.kernel}{of}{so_far}"


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as RichProgress

    # rich would refresh from a thread of its own, which a compiled kernel holds up.
    return RichProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=BAR_WIDTH),
        MofNCompleteColumn(),
        TextColumn("{task.fields[facts]}", markup=False),
        console=Console(file=STDERR, highlight=False),
        auto_refresh=False,
    )


def _clock(seconds: float) -> str:
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
