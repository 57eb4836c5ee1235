"""How far a run has come: a line that moves on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Final

from scbsim.streams import STDERR, on_terminal

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

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
    """

    def __init__(self, total_steps: int, quiet: bool = False, unit: str = "step") -> None:
        self.total_steps = total_steps
        self.quiet = quiet
        self.unit = unit
        self.label = ""
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._first: tuple[int, float] | None = None
        self._last: tuple[int, int, Mapping[str, float]] | None = None
        self._note = ""
        self._period = REFRESH_SECONDS if on_terminal() else LINE_SECONDS
        self._due = float("inf")
        self._said = False

    def start(self, label: str) -> None:
        """Begin; ``label`` says what runs."""
        if self.quiet:
            return
        self.label = label
        self._due = monotonic() + (0.0 if on_terminal() else self._period)
        if on_terminal():
            self._bar = _bar()
            self._task = self._bar.add_task(label, total=self.total_steps, facts="compiling")
            self._bar.start()
            self._bar.refresh()

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
        if self._bar is not None:
            self._show(monotonic(), ended=status)
            self._bar.stop()
            self._bar = None
        elif self._said:
            self._show(monotonic(), ended=status)
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
