"""Functions that runs observe, as a file of Python and as functions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import scbsim
from scbsim.task import Task

TEXT = """\
import scbsim


@scbsim.observable(every=4, units="m", long_name="three entries")
def some(state):
    return state.column(2)[:3]


def top(state):
    return state.column(0).max() + state.V[0, 0]
"""
OBSERVE = ["mine.py:some", "mine.py:top"]


def written(folder: Path, text: str = TEXT) -> Path:
    """Write `TEXT` into a folder; return the path."""
    path = folder / "mine.py"
    path.write_text(text)
    return path


def observing(folder: Path) -> str:
    """Return the override that observes both functions of the file in a folder."""
    written(folder)
    return f'output.observe=["{folder}/mine.py:some", "{folder}/mine.py:top"]'


@scbsim.observable(every=4, units="m", long_name="three entries")
def some(state):
    return state.column(2)[:3]


def top(state):
    return state.column(0).max() + state.V[0, 0]


BOTH = {"some": some, "top": top}


def truth_of(task: Task) -> np.ndarray:
    """(T, N): the attention that is to be learned."""
    Q = np.zeros((task.N, task.T))
    np.put_along_axis(Q, task.q_positions, task.q_weights, axis=1)
    return Q.T


def distance(task: Task, difference: np.ndarray) -> float:
    """The mu norm of a matrix of N columns, computed from its entries."""
    return float(np.sqrt(task.mu @ np.square(difference).sum(axis=0)))
