"""Many runs of one spec that differ in their noise: where they end, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Engine
from scbsim.engines.choose import Choice, build
from scbsim.observables import NAMES
from scbsim.spec import RunSpec
from scbsim.stages import Stage, stages_of
from scbsim.state import State
from scbsim.task import Task

_BLOCK = 8192


def last_rows(
    spec: RunSpec,
    task: Task,
    replicas: int,
    choice: Choice,
    threads: int = 1,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[NDArray[np.float64], list[str]]:
    """Run some replicas to their ends.

    Parameters
    ----------
    spec : RunSpec
        Its ``dynamics.replica`` is the first, and the others follow.
    task : Task
    replicas : int
    choice : Choice
        Which engine.
    threads : int
        That the engine may use.
    stop : callable
        Asked between replicas; no more are run when it says True.

    Returns
    -------
    rows : (R, 9) float64
        Observables after the last step, in the order of `scbsim.observables`; of a run that
        diverged, after the last that it could take.
    statuses : list of str
        ``complete`` or ``diverged``.
    """
    engine = build(choice, spec, task, threads)
    stages = stages_of(spec, task)
    start = {name: array.copy() for name, array in engine.state().items()}
    rows = np.empty((replicas, len(NAMES)))
    statuses: list[str] = []
    for r in range(replicas):
        if stop():
            return rows[:r], statuses
        if r:
            _start_anew(engine, start, spec.dynamics.replica + r)
        rows[r], status = _to_the_end(engine, stages)
        statuses.append(status)
    return rows, statuses


def _start_anew(engine: Engine, start: State, replica: int) -> None:
    """Put an engine where another replica starts: the same as to build it, at no cost."""
    engine.restore(0, start)
    facts = engine.facts  # type: ignore[attr-defined]
    engine.facts = facts._replace(replica=np.uint64(replica))  # type: ignore[attr-defined]


def _to_the_end(engine: Engine, stages: Sequence[Stage]) -> tuple[NDArray[np.float64], str]:
    row = engine.observe()
    for stage in stages:
        left = stage.steps
        while left:
            block = engine.advance(stage, min(left, _BLOCK))
            left -= len(block.rows)
            if len(block.rows):
                row = block.rows[-1]
            if block.end == "diverged":
                return row, "diverged"
            if block.end == "signal":
                break
        if stage.normalize_level is not None:
            engine.normalize(stage.normalize_level)
    return row, "complete"
