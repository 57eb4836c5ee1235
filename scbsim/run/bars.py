"""Where progress is redrawn: a bar of rich on a terminal, a display in a cell of a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final, Protocol

from scbsim.util.streams import STDERR, in_notebook, on_terminal

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

BAR_WIDTH: Final = 12


class Bar(Protocol):
    """A bar with text beside it, which is drawn again in the same place."""

    width: int

    def draw(self, label: str, facts: str, completed: int, total: int) -> None:
        """Draw it: the label, how much is done, and the facts."""

    def stop(self) -> None:
        """Leave it as it is."""


def can_redraw() -> bool:
    """Return whether there is a place for a bar."""
    return on_terminal() or in_notebook()


def new_bar() -> Bar:
    """Return a bar for where the process writes to."""
    return NotebookBar() if in_notebook() else TerminalBar()


class TerminalBar:
    """A bar of rich on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as RichProgress

        # No automatic refresh: kernels block the thread that rich would use for it.
        self._rich: RichProgress = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=BAR_WIDTH),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}", markup=False),
            console=Console(file=STDERR, highlight=False),
            auto_refresh=False,
        )
        self.width = self._rich.console.width

    def draw(self, label: str, facts: str, completed: int, total: int) -> None:
        """Draw the bar; the first time it is begun."""
        if not self._rich.task_ids:
            self._rich.add_task(label, total=total, facts=facts)
            self._rich.start()
        self.width = self._rich.console.width
        (task,) = self._rich.task_ids
        self._rich.update(task, facts=facts, completed=completed, total=total)
        self._rich.refresh()

    def stop(self) -> None:
        """End the bar; its last state stays on the terminal."""
        self._rich.stop()


class NotebookBar:
    """A display of IPython, which stays in the notebook as it was last drawn.

    rich and tqdm draw with ipywidgets, which a notebook may lack and a saved one does not show.
    """

    width = 200

    def __init__(self) -> None:
        self._handle: Any = None

    def draw(self, label: str, facts: str, completed: int, total: int) -> None:
        """Make the display, or replace its content."""
        from IPython.display import display

        count = f"{completed}/{total}"
        content = {
            "text/plain": "  ".join((label, count, facts)),
            "text/html": (
                f"<label>{escape(label)} "
                f'<progress value="{completed}" max="{total}"></progress> {count}</label>'
                f"&ensp;{escape(facts)}"
            ),
        }
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)

    def stop(self) -> None:
        """Leave the display as it is."""
