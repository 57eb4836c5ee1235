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
from scbsim.spec import OutputSpec, RunSpec
from scbsim.task import Task

_FIRST_SECONDS = 0.02
_WATCHED_STEPS = 1  # between two looks at whether a run is lost, where entries may multiply
_NOTHING = OutputSpec(every=2**40 - 1)


class FinalRows(NamedTuple):
    """The ends of replicas."""

    rows: NDArray[np.float64]
    """(R, 9) observables after each replica's last step; if it diverged, the last finite ones."""

    status: tuple[str, ...]
    """``complete`` or ``diverged``; ``running`` if ``stop`` returned True."""


def final_rows(
    spec: RunSpec,
    task: Task,
    threads: int | None = None,
    *,
    plan: RunPlan | None = None,
    stop: Callable[[], bool] | None = None,
    lost: Callable[[NDArray[np.float64]], NDArray[np.bool_]] | None = None,
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
        for replica in ensemble.replicas:
            replica.lost = lost
        # Where the noise follows the state, active entries may multiply once a run is lost.
        may_multiply = plan.engine.keeps_lists and not isinstance(plan.noise, NoiseLevels)
        most = _WATCHED_STEPS if lost is not None and may_multiply else None
        Loop(ensemble, _NOTHING, NoRecorder(), stop=stop, pace=pace, most=most).run()
        return FinalRows(ensemble.last_rows(), tuple(each.status for each in ensemble.replicas))
