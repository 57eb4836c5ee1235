"""Constants that make isotropic noise as strong, over a run, as matched noise is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.select import plan_of
from scbsim.errors import Stopped
from scbsim.run.ensemble import assembled, threads_for
from scbsim.run.replica import Replica
from scbsim.run.start import start_from, stream_of, task_of
from scbsim.spec import RunSpec
from scbsim.task import Task

_REPLICAS: Final = 8
_DIGITS: Final = 3  # so that another processor's last bits do not make it another run


class Constants(NamedTuple):
    """Levels of isotropic noise for a batch of one (`docs/model.md`, section 5)."""

    sigma_A: float
    sigma_V: float


def fitted(
    matched: RunSpec, threads: int | None = None, stop: Callable[[], bool] | None = None
) -> Constants | None:
    r"""Return the constants that fit a run: noise of the same strength in all.

    A step of rate :math:`\eta` adds noise of variance :math:`\eta^2\sigma^2`. The constants are
    those with which the sum of this over the run, for A and for V, is that of the matched levels
    along the first replicas of the matched run. Of A the levels are those of entries at zero,
    which are nearly all, each column counting :math:`\mu_k`. Replicas that diverge are left out,
    for their levels do too. Three digits are kept.

    Parameters
    ----------
    matched : RunSpec
        A run under matched noise.
    threads : int, optional
        The numbers do not depend on it.
    stop : callable, optional
        Asked before each replica.

    Returns
    -------
    Constants or None
        None if all of them diverged.

    Raises
    ------
    Stopped
        If ``stop`` said so.
    """
    few = matched.replace(**{"dynamics.replicas": min(_REPLICAS, matched.dynamics.replicas)})
    task = task_of(few, None)
    plan = plan_of(few, task)
    sums, complete = np.zeros((2, 2)), 0
    with assembled(plan, None, threads_for(threads, plan), stream_of(few)) as ensemble:
        if few.init.from_ is not None:
            start_from(few.init.from_, ensemble, task)
        for replica in ensemble.replicas:
            if stop and stop():
                raise Stopped("stopped on a signal; the same line again goes on")
            found = _along(replica, task, few.noise.every)
            sums += found if replica.status == "complete" else 0.0
            complete += replica.status == "complete"
    if not complete:
        return None
    variances = few.dynamics.batch_size * sums[0] / np.where(sums[1] > 0, sums[1], 1.0)
    return Constants(*(float(f"{value:.{_DIGITS}g}") for value in np.sqrt(variances)))


def _along(replica: Replica, task: Task, every: int) -> NDArray[np.float64]:
    """Return the sums of rate^2 variance, of A and of V, and below them those of rate^2."""
    sums = np.zeros((2, 2))
    while replica.status == "running":
        # From one renewal to the next: the levels stand still meanwhile.
        did = replica.advance(every)
        noise = replica.engine.noise  # type: ignore[attr-defined]
        levels = np.array([(task.mu * noise.sigma_A**2).mean(), noise.sigma_V**2])
        for stage, rows in did.parts:
            of = replica.stages[stage]
            weights = len(rows) * np.square([of.rate_A, of.rate_V])
            sums += [weights * levels, weights]
    return sums
