"""A cache of the tasks of a grid's points, which draws common parts only once."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from scbsim.spec import TaskSpec
from scbsim.task import Task
from scbsim.task.random import dirichlet, draw_positions, streams

_KEPT = 8
_OF_TARGET = ("T", "Q", "q_concentration")


class Tasks:
    """Returns the task of a spec, bit for bit the same as :meth:`scbsim.Task.from_spec`.

    The transition matrix takes by far the longest to draw. It has a random stream of its own, so
    it is drawn once for all tasks that differ only in the attention target.
    """

    def __init__(self) -> None:
        self._tasks: OrderedDict[TaskSpec, Task] = OrderedDict()
        self._by_transitions: OrderedDict[TaskSpec, Task] = OrderedDict()
        self._lock = Lock()

    def of(self, spec: TaskSpec) -> Task:
        """Return the task of a spec; safe to call from several threads."""
        with self._lock:
            task = self._tasks.get(spec) or self._draw(spec)
            _keep(self._tasks, spec, task)
        return task

    def _draw(self, spec: TaskSpec) -> Task:
        if spec.from_ is not None:
            return Task.from_spec(spec)
        # The key is the same for all tasks that share mu and P.
        plain = spec.to_dict()
        key = TaskSpec(**{k: v for k, v in plain.items() if k not in _OF_TARGET}, T=2, Q=1)
        similar = self._by_transitions.get(key)
        task = Task.from_spec(spec) if similar is None else _retargeted(similar, spec)
        _keep(self._by_transitions, key, task)
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
