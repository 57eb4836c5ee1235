"""The small contract that every engine keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.stages import Stage
from scbsim.state import State
from scbsim.task import Task

Row = NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """What a call of :meth:`Engine.advance` did.

    Attributes
    ----------
    rows : (n, 9) float64
        Observables after each step taken, in the order of `scbsim.observables.OBSERVABLES`.
    end : str
        ``steps``: it took all it was asked for; ``signal``: a signal reached `until_signal`
        of the stage with the last row; ``diverged``: the step after the last row overflowed.
    """

    rows: NDArray[np.float64]
    end: str


class Engine(Protocol):
    """A state and what can be done with it; knows nothing of files, progress or specs.

    The replicas of an ensemble have an engine each, and are stepped by several threads at once: an
    engine writes to no array of another, nor to one that they share, and lets go of Python's lock
    while it steps.
    """

    name: str
    step: int

    def share(self, other: Any) -> None:
        """Have what no step changes in common with another engine of this kind and task."""
        ...

    def observe(self) -> Row:
        """Return the observables of the state, (9,) float64."""
        ...

    def advance(self, stage: Stage, steps: int) -> Block:
        """Take up to ``steps`` steps under a stage."""
        ...

    def normalized(self, threshold: float) -> tuple[Row, int]:
        """Return the observables that normalising would give, and change nothing.

        The second is the count of columns in which nothing stands out.
        """
        ...

    def normalize(self, threshold: float) -> tuple[Row, int]:
        """Normalise the state; return the same as :meth:`normalized`."""
        ...

    def state(self) -> State:
        """Return the arrays that, with ``step``, are the whole state; views, not copies."""
        ...

    def snapshot(self) -> State:
        """Return what a reader wants of the state; shapes are those of :meth:`state` or lists."""
        ...

    def adopt(self, state: State, old: Task) -> None:
        """Start from the last state that an engine left on another task of the same N and T.

        Raises
        ------
        InputError
            If that state does not tell what this engine needs.
        """
        ...

    def restore(self, step: int, state: State) -> None:
        """Go to a state that :meth:`state` gave, to the bit."""
        ...
