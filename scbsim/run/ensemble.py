"""The replicas of a run, side by side: built, stepped together, spread over threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Engine
from scbsim.engines.cost import DENSE_ENTRY
from scbsim.engines.plan import RunPlan
from scbsim.engines.random_stream import ORIGIN, StreamStart
from scbsim.engines.select import build
from scbsim.engines.stages import Stage
from scbsim.kernels.compile.threads import most_threads, sharing
from scbsim.observables import NAMES
from scbsim.run.replica import Replica, ReplicaBlock
from scbsim.util.memory import require
from scbsim.util.thread_pool import ThreadPool

_THREADS_FROM = 100_000 * DENSE_ENTRY  # of a step; below, threads cost more than they save
_SECONDS_OF_A_MEETING = 20e-6  # of the threads that share a step
_SECONDS_TO_START = 2e-3  # of work in all; below, one thread has done it before others are there
_FEWER = (
    "take fewer at a time (dynamics.replicas), the others from dynamics.replica on, or a larger "
    "machine"
)
_WORTH = 1.25  # by how much it must be faster, since a machine is rarely one's own


class Ensemble:
    """The replicas of a run; a single run has one.

    Those that have not ended are always at the same step.

    Parameters
    ----------
    engines : sequence of Engine
        One for each replica.
    stages : sequence of Stage
    pool : ThreadPool
        Threads that the replicas are spread over.
    normalize_threshold : float or None
        At which a copy of each last state is normalised; None for not at all.
    threads : int
        How many it is computed on.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        stages: Sequence[Stage],
        pool: ThreadPool,
        normalize_threshold: float | None = None,
        threads: int = 1,
    ) -> None:
        self.threads = threads
        self.replicas = [Replica(engine, stages, normalize_threshold) for engine in engines]
        self.stages = stages
        self._pool = pool

    def __len__(self) -> int:
        return len(self.replicas)

    @property
    def step(self) -> int:
        """Steps taken by those that took most."""
        return max(replica.engine.step for replica in self.replicas)

    @property
    def running(self) -> list[int]:
        """The replicas that have not ended."""
        return [i for i, each in enumerate(self.replicas) if each.status == "running"]

    @property
    def most_left(self) -> int:
        """Steps that the run takes at the most."""
        return max(replica.most_left for replica in self.replicas)

    @property
    def status(self) -> str:
        """``running`` while any is, ``diverged`` if all are, or else ``complete``."""
        found = {replica.status for replica in self.replicas}
        return next(name for name in ("running", "complete", "diverged") if name in found)

    def last_rows(self) -> NDArray[np.float64]:
        """Return the observables after the last step of each, (R, 9); NaN where not known."""
        rows = np.full((len(self), len(NAMES)), np.nan)
        for i, replica in enumerate(self.replicas):
            if replica.row is not None:
                rows[i] = replica.row
        return rows

    def counts(self) -> dict[str, int]:
        """Return how many replicas there are of each status that there is."""
        found = [replica.status for replica in self.replicas]
        return {name: found.count(name) for name in dict.fromkeys(found)}

    def advance(self, steps: int) -> dict[int, ReplicaBlock]:
        """Have every replica that has not ended take so many steps; return what they did."""
        running = self.running
        work = [partial(self.replicas[i].advance, steps) for i in running]
        return dict(zip(running, self._pool.each(work), strict=True))


@contextmanager
def assembled(
    plan: RunPlan, normalize_threshold: float | None, threads: int, start: StreamStart = ORIGIN
) -> Iterator[Ensemble]:
    """Build the replicas of a run, each at the start, and give them threads for the body.

    Parameters
    ----------
    plan : RunPlan
    normalize_threshold : float or None
        At which a copy of each last state is normalised; None for not at all.
    threads : int
        What :func:`threads_for` says.
    start : StreamStart
        Where the noise of each replica begins.

    Raises
    ------
    MemoryNeeded
        If their states do not fit into memory together; nothing was built.
    """
    R = plan.spec.dynamics.replicas
    if R > 1:
        require(plan.shared_memory + R * plan.memory, _named(plan), _FEWER)
    apart = R > 1 and not one_by_one(plan, threads)
    together = min(threads, R) if apart else 1
    with sharing(1 if apart else threads) as own, ThreadPool(together) as pool:
        engines: list[Engine] = []
        for i in range(R):
            engines.append(build(plan, own, i, start))
            engines[i].share(engines[0])
        yield Ensemble(engines, plan.stages, pool, normalize_threshold, max(own, together))


def threads_for(asked: int | None, plan: RunPlan) -> int:
    """Return how many threads to use: one where starting more costs more than it saves.

    Raises
    ------
    InputError
        If there are not so many as are asked for.
    """
    most = most_threads(asked)
    step, R = plan.step_seconds, plan.spec.dynamics.replicas
    short = R * plan.spec.total_steps * (step + 1e-7) < _SECONDS_TO_START
    few = short if R > 1 else not plan.record.shares_step or step < _THREADS_FROM
    return 1 if few else most


def one_by_one(plan: RunPlan, threads: int) -> bool:
    """Return whether replicas take turns, each with all threads, or have one thread each.

    With one each no thread waits for another within a step, so they take turns only where threads
    would be idle otherwise: few replicas, or one more than there are threads, of a large state.
    """
    if not plan.record.shares_step:
        return False
    R, step = plan.spec.dynamics.replicas, plan.step_seconds
    apart = step * -(-R // threads)
    in_turn = R * (step / threads + _SECONDS_OF_A_MEETING)
    return apart > _WORTH * in_turn


def _named(plan: RunPlan) -> str:
    R, name = plan.spec.dynamics.replicas, plan.choice.name
    return (
        f"an ensemble of {R} replicas of the {name} engine at N = {plan.task.N}, T = {plan.task.T}"
    )
