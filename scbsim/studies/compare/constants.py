"""Isotropic noise levels that are as strong, over a run, as matched noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.select import plan_of
from scbsim.engines.stages import Stage
from scbsim.errors import Stopped
from scbsim.kernels.gaussian.schedule import NOISE, RATE_A, RATE_V
from scbsim.run.ensemble import built_ensemble, threads_for
from scbsim.run.replica import Replica
from scbsim.run.start import start_from, stream_of, task_of
from scbsim.spec import RunSpec
from scbsim.task import Task

_REPLICAS: Final = 8
_DIGITS: Final = 3  # so that rounding, which depends on the processor, does not change the spec


class Constants(NamedTuple):
    """Levels of isotropic noise for a batch of one (docs/model.md, section 5)."""

    sigma_A: float
    sigma_V: float


def fitted(
    matched: RunSpec, threads: int | None = None, stop: Callable[[], bool] | None = None
) -> Constants | None:
    r"""Return the isotropic levels that add up to the same noise variance as a matched run.

    A step of rate :math:`\eta` adds noise of variance :math:`\eta^2\sigma^2`. The sum of this over
    the run, for A and for V, equals that of the matched levels along the first replicas of the
    matched run. For A, the levels are those of entries at zero, which are nearly all entries, and
    column k has weight :math:`\mu_k`. Diverged replicas are left out, since their levels diverge
    too; if all diverge, the result is None. It has three digits and does not depend on
    ``threads``. ``stop`` is called before each replica.

    Raises
    ------
    Stopped
        If ``stop`` returned True.
    """
    few = matched.replace(**{"dynamics.replicas": min(_REPLICAS, matched.dynamics.replicas)})
    task = task_of(few, None)
    plan = plan_of(few, task)
    sums, complete = np.zeros((2, 2)), 0
    with built_ensemble(plan, None, threads_for(threads, plan), stream_of(few)) as ensemble:
        if few.init.from_ is not None:
            start_from(few.init.from_, ensemble, task)
        for replica in ensemble.replicas:
            if stop and stop():
                raise Stopped("stopped on a signal; the same command again goes on")
            found = _variances(replica, task, few.noise.every)
            if replica.status == "complete":
                sums += found
                complete += 1
    if not complete:
        return None
    variances = few.dynamics.batch_size * sums[0] / np.where(sums[1] > 0, sums[1], 1.0)
    return Constants(*(float(f"{value:.{_DIGITS}g}") for value in np.sqrt(variances)))


def _variances(replica: Replica, task: Task, every: int) -> NDArray[np.float64]:
    """Run a replica; return the sums of rate^2 variance, for A and V, and those of rate^2."""
    sums = np.zeros((2, 2))
    stage, before = 0, 0
    while replica.status == "running":
        # Levels are constant from one update to the next.
        advanced = replica.advance(every)
        noise = replica.engine.noise  # type: ignore[attr-defined]
        levels = np.array([(task.mu * noise.sigma_A**2).mean(), noise.sigma_V**2])
        for index, rows in advanced.parts:
            before = before if index == stage else 0
            stage = index
            weights = _weights(replica.stages[index], before, len(rows))
            sums += [weights * levels, weights]
            before += len(rows)
    return sums


def _weights(stage: Stage, before: int, steps: int) -> NDArray[np.float64]:
    """Return the sums of rate^2 over steps, for A and V, by the size of their noise."""
    if stage.schedule is None:
        return np.asarray(steps * np.square([stage.rate_A, stage.rate_V]))
    table = stage.schedule.table(before, steps)
    changes = table[:, [RATE_A, RATE_V]] * table[:, [NOISE]]
    return np.asarray(np.square(changes).sum(axis=0))
