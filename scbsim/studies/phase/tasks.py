"""Tasks of the points of a grid, with what they share drawn once."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from scbsim.spec import TaskSpec
from scbsim.task import Task
from scbsim.task.random import dirichlet, draw_positions, streams

_KEPT = 8
_OF_TARGET = ("T", "Q", "q_concentration")


class Tasks:
    """Gives each spec its task: the same as :meth:`scbsim.Task.from_spec`, to the bit.

    The transition matrix, which costs by far the most to draw, has a random stream of its own: it
    is drawn once for all tasks that differ in the attention target alone.
    """

    def __init__(self) -> None:
        self._tasks: OrderedDict[TaskSpec, Task] = OrderedDict()
        self._like: OrderedDict[TaskSpec, Task] = OrderedDict()
        self._lock = Lock()

    def of(self, spec: TaskSpec) -> Task:
        """Return the task of a spec; any thread may ask."""
        with self._lock:
            task = self._tasks.get(spec) or self._made(spec)
            _keep(self._tasks, spec, task)
        return task

    def _made(self, spec: TaskSpec) -> Task:
        if spec.from_ is not None:
            return Task.from_spec(spec)
        # Of all that share mu and P, one.
        plain = spec.to_dict()
        key = TaskSpec(**{k: v for k, v in plain.items() if k not in _OF_TARGET}, T=2, Q=1)
        like = self._like.get(key)
        task = Task.from_spec(spec) if like is None else _retargeted(like, spec)
        _keep(self._like, key, task)
        return task


def _retargeted(task: Task, spec: TaskSpec) -> Task:
    """Return a task with another attention target, drawn as :meth:`scbsim.Task.random` does."""
    assert spec.T is not None
    assert spec.Q is not None
    _, _, of_positions, of_weights = streams(spec.seed)
    return Task(
        mu=task.mu,
        P=task.P,
        K_P=task.K_P,
        q_positions=draw_positions(of_positions, task.N, spec.T, spec.Q),
        q_weights=dirichlet(of_weights, spec.q_concentration, (task.N, spec.Q)),
        T=spec.T,
    )


def _keep(cache: OrderedDict[TaskSpec, Task], key: TaskSpec, task: Task) -> None:
    cache[key] = task
    cache.move_to_end(key)
    if len(cache) > _KEPT:
        cache.popitem(last=False)
