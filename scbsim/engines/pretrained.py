"""The start from a pretrained pair: the exact solution of a related task (docs/transfer.md)."""

from __future__ import annotations

import numpy as np

from scbsim.spec import RunSpec
from scbsim.state import State
from scbsim.task import Task, related_task


def related_task_of(spec: RunSpec, task: Task) -> Task:
    """Return the task whose solution is the start of a run with ``init.correlation``.

    Its new parts are drawn by a seed of their own, the one after ``task.seed``.

    Raises
    ------
    InputError
        If the task has no ``P``.
    TaskError
        If there is no such task.
    """
    assert spec.init.correlation is not None
    return related_task(
        task,
        spec.init.correlation,
        seed=(spec.task.seed + 1) % 2**64,
        P_concentration=spec.task.P_concentration,
    )


def solution(task: Task) -> State:
    """Return ``A = Q`` and ``V = P`` of a task as the last state of a run, for ``adopt``."""
    return {
        "support": task.q_weights,
        "W": np.asarray(task.P_tilde),
        "mean": task.mu,
        "scalars": np.array([1.0, 0.0]),
    }
