"""The interface of every engine."""

from __future__ import annotations

from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.stages import Stage
from scbsim.state import State
from scbsim.task import Task

Row = NDArray[np.float64]
"""Observables, (9,) in the order of `scbsim.observables.OBSERVABLES`; several rows are (n, 9)."""


class Block(NamedTuple):
    """The result of :meth:`Engine.advance`.

    Attributes
    ----------
    rows : (n, 9) float64
        Observables after each step taken.
    end : str
        ``steps``: all steps asked for were taken; ``signal``: after the last row a signal reached
        ``until_signal`` of the stage; ``diverged``: the step after the last row overflowed;
        ``data``: after the last row there is no batch left to learn from.
    """

    rows: Row
    end: str


class Engine(Protocol):
    """A state and its dynamics, independent of files, progress bars and specs.

    Each replica of an ensemble has its own engine, and several threads step them at once. So an
    engine does not write to arrays of another engine or to shared arrays, and it releases the GIL
    while it steps.
    """

    name: str
    step: int

    def share(self, other: Self) -> None:
        """Use the constant arrays of another engine of the same kind and task."""
        ...

    def observe(self) -> Row:
        """Return the observables of the state, (9,) float64."""
        ...

    def advance(self, stage: Stage, steps: int, before: int = 0) -> Block:
        """Take up to ``steps`` steps of a stage, of which it has taken ``before``."""
        ...

    def normalized(self, threshold: float) -> tuple[Row, int]:
        """Return the observables of a normalised copy of the state.

        Also return the number of columns in which no entry stands out.
        """
        ...

    def normalize(self, threshold: float) -> tuple[Row, int]:
        """Normalise the state; return the same as :meth:`normalized`."""
        ...

    def forget_memory(self) -> None:
        """Set the memory of a rule that has it to 0."""
        ...

    def state(self) -> State:
        """Return the arrays of the state, which with ``step`` is complete; views, not copies."""
        ...

    def snapshot(self) -> State:
        """Return the state in the form written to files; shapes as in :meth:`state`, or lists."""
        ...

    def draw_last(self) -> None:
        """Draw the entries that the last state is to have, if they are not stored."""
        ...

    def before_draw(self) -> State:
        """Return what a draw of entries changes in the state, as it is now; copies, or nothing."""
        ...

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state of a run, possibly on another task of the same N and T.

        Raises
        ------
        InputError
            If the state lacks information that this engine needs.
        """
        ...

    def restore(self, step: int, state: State) -> None:
        """Continue from a state returned by :meth:`state`, to the same bits."""
        ...
