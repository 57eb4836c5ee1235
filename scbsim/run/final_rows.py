"""Where the replicas of a spec end, and nothing else: for thousands of short runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.cost import DENSE_ENTRY
from scbsim.engines.plan import RunPlan
from scbsim.engines.select import plan_of
from scbsim.errors import InputError
from scbsim.run.ensemble import assembled, threads_for
from scbsim.run.loop import Loop
from scbsim.run.recorders import NoRecorder
from scbsim.spec import OutputSpec, RunSpec
from scbsim.task import Task

_FIRST_SECONDS = 0.02
_NOTHING = OutputSpec(every=2**40 - 1)


class FinalRows(NamedTuple):
    """How replicas ended.

    Attributes
    ----------
    rows : (R, 9) float64
        Observables after the last step of each, in the order of
        `scbsim.observables.OBSERVABLES`; of one that diverged, the last that were finite.
    status : tuple of str
        ``complete`` or ``diverged``; ``running`` if it was told to stop.
    """

    rows: NDArray[np.float64]
    status: tuple[str, ...]


def final_rows(
    spec: RunSpec,
    task: Task,
    threads: int | None = None,
    *,
    plan: RunPlan | None = None,
    stop: Callable[[], bool] | None = None,
) -> FinalRows:
    """Run a spec and return where its replicas end.

    The numbers are those of :func:`scbsim.simulate`, which costs some milliseconds more a run:
    nothing is recorded, written, shown, or normalised at the end.

    Parameters
    ----------
    spec : RunSpec
        Of any number of replicas, started from signals. `output` is not read.
    task : Task
        Of the sizes that the spec says; this is not checked.
    threads : int, optional
        As many as the machine has unless given.
    plan : RunPlan, optional
        Where it is worked out already.
    stop : callable, optional
        Asked between blocks of steps; when it says True the runs end early.

    Raises
    ------
    InputError
        If there are not so many threads, or the start is a file.
    MemoryNeeded
        If the states do not fit.
    """
    if spec.init.from_ is not None:
        raise InputError(f"init.from: {spec.init.from_}; endings are of runs that start at signals")
    plan = plan or plan_of(spec, task)
    with assembled(plan, None, threads_for(threads, plan)) as ensemble:
        # Blocks grow from one that takes a moment, not from a step: kernels are compiled by now.
        work = plan.step_seconds / DENSE_ENTRY * len(ensemble) * 1e-9
        pace = max(1, int(_FIRST_SECONDS / work))
        Loop(ensemble, _NOTHING, NoRecorder(), stop=stop, pace=pace).run()
        return FinalRows(ensemble.last_rows(), tuple(each.status for each in ensemble.replicas))
