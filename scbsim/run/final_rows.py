"""The last rows of the replicas of a spec and nothing else, for thousands of short runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.cost import DENSE_ENTRY
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.plan import RunPlan
from scbsim.engines.select import plan_of
from scbsim.errors import InputError
from scbsim.run.ensemble import built_ensemble, threads_for
from scbsim.run.loop import Loop
from scbsim.run.recorders import NoRecorder
from scbsim.run.replica import Replica
from scbsim.spec import OutputSpec, RunSpec
from scbsim.task import Task

_FIRST_SECONDS = 0.02
_WATCHED_STEPS = 1  # between two looks at whether a run is lost, where entries may multiply
_NOTHING = OutputSpec(every=2**40 - 1)

Rows = Callable[[NDArray[np.float64]], NDArray[np.bool_]]
"""A condition on the observables of steps: (n, 9) to (n,)."""


class FinalRows(NamedTuple):
    """The ends of replicas."""

    rows: NDArray[np.float64]
    """(R, 9) observables after each replica's last step; if it diverged, the last finite ones."""

    status: tuple[str, ...]
    """``complete`` or ``diverged``; ``running`` if ``stop`` returned True."""

    since: NDArray[np.int64]
    """(R,) the step from which on ``goal`` held until the end; -1 if it does not at the end."""


class _Watch:
    """Notes since when a replica is at its goal, and says when it is lost."""

    def __init__(self, replica: Replica, goal: Rows | None, lost: Rows | None) -> None:
        self._replica, self._goal, self._lost = replica, goal, lost
        self.since = -1
        if goal is not None:
            self._note(replica.engine.observe()[None])

    def __call__(self, rows: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return at which of the last steps the replica is lost."""
        if self._goal is not None:
            self._note(rows)
        return np.zeros(len(rows), bool) if self._lost is None else self._lost(rows)

    def _note(self, rows: NDArray[np.float64]) -> None:
        assert self._goal is not None
        misses = np.flatnonzero(~self._goal(rows))
        first = self._replica.engine.step - len(rows) + 1
        if len(misses) and misses[-1] == len(rows) - 1:
            self.since = -1
        elif len(misses):
            self.since = first + int(misses[-1]) + 1
        elif self.since < 0:
            self.since = first


def final_rows(
    spec: RunSpec,
    task: Task,
    threads: int | None = None,
    *,
    plan: RunPlan | None = None,
    stop: Callable[[], bool] | None = None,
    lost: Rows | None = None,
    goal: Rows | None = None,
) -> FinalRows:
    """Run a spec and return the last rows of its replicas.

    The numbers are those of :func:`scbsim.simulate`. A run takes some milliseconds less, as nothing
    is recorded, written, shown, or normalised at the end.

    Parameters
    ----------
    spec : RunSpec
        With any number of replicas, started from signals. `output` is not read.
    task : Task
        Of the spec's sizes, which is not checked.
    threads : int, optional
        By default all that the machine has.
    plan : RunPlan, optional
        The plan of this spec and task, if it is known.
    stop : callable, optional
        Called between blocks of steps; the runs end early when it returns True.
    lost : callable, optional
        Called with the observables of steps, (n, 9); a replica ends as diverged soon after the
        first step for which it returns True. So runs that cannot recover do not cost much.
    goal : callable, optional
        Like ``lost``, but it ends nothing; what it returns decides ``since``.

    Raises
    ------
    InputError
        If there are fewer threads than asked for, or the start is a file.
    MemoryNeeded
        If the states do not fit into memory.
    """
    if spec.init.from_ is not None:
        raise InputError(f"init.from: {spec.init.from_}; final_rows needs a start from signals")
    plan = plan or plan_of(spec, task)
    with built_ensemble(plan, None, threads_for(threads, plan)) as ensemble:
        # Kernels are compiled by now, so the first block can have more than one step.
        work = plan.step_seconds / DENSE_ENTRY * len(ensemble) * 1e-9
        pace = max(1, int(_FIRST_SECONDS / work))
        watches = [_Watch(replica, goal, lost) for replica in ensemble.replicas]
        if goal is not None or lost is not None:
            for replica, watch in zip(ensemble.replicas, watches, strict=True):
                replica.lost = watch
        # Where the noise follows the state, active entries may multiply once a run is lost.
        may_multiply = plan.engine.keeps_lists and not isinstance(plan.noise, NoiseLevels)
        most = _WATCHED_STEPS if lost is not None and may_multiply else None
        Loop(ensemble, _NOTHING, NoRecorder(), stop=stop, pace=pace, most=most).run()
        status = tuple(each.status for each in ensemble.replicas)
        since = np.array([watch.since for watch in watches])
        return FinalRows(ensemble.last_rows(), status, since)
