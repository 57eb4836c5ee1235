"""The progress of a run: a bar, or a line every ten seconds where nothing can be redrawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from math import isnan
from time import monotonic
from typing import TYPE_CHECKING, Final

from scbsim.run.bars import BAR_WIDTH, Bar, can_redraw, new_bar
from scbsim.util.streams import STDERR
from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.kernels.compile.events import Compiling

SHOWN: Final = ("alpha_A", "alpha_V", "delta_A", "batch_loss")
"""The observables in a line of progress, where they are known."""

REFRESH_SECONDS: Final = 0.2
LINE_SECONDS: Final = 10.0


class Progress:
    """Show the progress of a run on stderr, or in its notebook, at negligible cost.

    Parameters
    ----------
    total_steps : int
        Steps of all stages; a stage that ends on its signal takes fewer.
    quiet : bool
        Write nothing.
    unit : str
        The name of what is counted.
    kernels : sequence of str
        Kernels that may have to be compiled, in order.
    """

    def __init__(
        self,
        total_steps: int,
        quiet: bool = False,
        unit: str = "step",
        kernels: Sequence[str] = (),
    ) -> None:
        self.total_steps, self.quiet, self.unit = total_steps, quiet, unit
        self.label = ""
        self._kernels = tuple(kernels)
        self._bar: Bar | None = None
        self._first: tuple[int, float] | None = None
        self._last: tuple[int, int, Mapping[str, float]] | None = None
        self._note = ""
        self._listening = ExitStack()
        self._period = REFRESH_SECONDS if can_redraw() else LINE_SECONDS
        self._due = float("inf")
        self._due_compiling = 0.0
        self._printed = self._printed_compiling = False

    @contextmanager
    def preparing(self, label: str) -> Iterator[None]:
        """Show what is compiled before :meth:`start`; the end of the body closes everything."""
        self._listen(label)
        try:
            yield
        finally:
            self._listening.close()
            if self._bar is not None or self._printed:
                self.close("failed")

    def start(self, label: str) -> None:
        """Begin to show the steps of a run."""
        self._listen(label)
        if self.quiet:
            return
        self._due = monotonic() + (0.0 if can_redraw() else self._period)
        if can_redraw():
            self._draw("starting")

    def _listen(self, label: str) -> None:
        """Show from now on what is compiled."""
        if self.quiet or self.label:
            return
        from scbsim.kernels.compile.events import compile_events

        self.label = label
        self._listening.enter_context(compile_events(self._compiling))

    def _draw(self, facts: str, completed: int = 0, total: int | None = None) -> None:
        """Draw the bar, which is made first if there is none."""
        if self._bar is None:
            self._bar = new_bar()
        self._bar.draw(self.label, facts, completed, total or self.total_steps)

    def _compiling(self, what: Compiling) -> None:
        """Show a kernel that is compiled: in a bar each one, elsewhere only the first."""
        words = compiling_in_words(what, self._kernels)
        if can_redraw():
            now = monotonic()
            if what.functions and now < self._due_compiling:
                return
            self._due_compiling = now + REFRESH_SECONDS
            self._draw(words, self._last[0] if self._last else 0)
        elif not self._printed_compiling:
            self._printed_compiling = True
            print(f"{self.label}: {words}", file=STDERR)

    def update(self, step: int, stage: int, row: Mapping[str, float], note: str = "") -> None:
        """Receive the row of ``step``, which is shown at most five times a second.

        Of an ensemble the row has medians, and ``note`` the number of replicas of each status.
        """
        now = monotonic()
        if self._first is None and self._last is not None:
            # The rate counts from the end of the first steps, as those include compiling.
            self._first = (step, now)
        self._last, self._note = (step, stage, row), note
        if now < self._due:
            return
        self._due = now + self._period
        self._show(now)

    def close(self, status: str) -> None:
        """Show the last row with the status of the run, and end."""
        self._listening.close()
        if self._bar is not None or self._printed:
            self._show(monotonic(), ended=status)
        if self._bar is not None:
            self._bar.stop()
        self._bar, self._printed, self._due = None, False, float("inf")

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
            *(f"{name} {row[name]:.3g}" for name in SHOWN if _is_known(row, name)),
        ]
        facts = [fact for fact in facts if fact]
        if self._bar is not None:
            # A complete run fills its bar, even if a stage ended before its last step.
            total = step if ended == "complete" else self.total_steps
            self._draw(self._fitting(facts), step, total)
        else:
            line = "  ".join([f"{self.label}: {self.unit} {step}/{self.total_steps}", *facts])
            print(line, file=STDERR)
            self._printed = True

    def _fitting(self, facts: list[str]) -> str:
        """Join the facts, without the last ones if the terminal is narrow."""
        assert self._bar is not None
        taken = len(self.label) + BAR_WIDTH + 2 * len(str(self.total_steps)) + 5
        while facts and taken + len("  ".join(facts)) > self._bar.width:
            facts = facts[:-1]
        return "  ".join(facts)


def compiling_in_words(what: Compiling, kernels: Sequence[str] = ()) -> str:
    """Return what is compiled, its place among the kernels, and how far it is, as text."""
    of = f" ({kernels.index(what.kernel) + 1} of {len(kernels)})" if what.kernel in kernels else ""
    if what.waits:
        return f"waiting for another process that compiles {what.kernel}{of}"
    done = f", {counted(what.functions, 'function')}" if what.functions else ""
    return f"compiling {what.kernel}{of}{done}"


def _clock(seconds: float) -> str:
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _is_known(row: Mapping[str, float], name: str) -> bool:
    return name in row and not isnan(row[name])
