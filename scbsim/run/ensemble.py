"""The replicas of a run: built together, stepped together, distributed over threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Engine
from scbsim.engines.cost import DENSE_ENTRY
from scbsim.engines.plan import RunPlan
from scbsim.engines.pretrained import related_task_of, solution
from scbsim.engines.random_stream import ORIGIN, StreamStart
from scbsim.engines.select import build
from scbsim.engines.sparse import SparseEngine
from scbsim.engines.staged import StagedEngine
from scbsim.engines.stages import Stage
from scbsim.engines.without_entries import WithoutEntries
from scbsim.kernels.compile.threads import most_threads, sharing
from scbsim.observables import NAMES
from scbsim.run.replica import Replica, ReplicaBlock
from scbsim.util.memory import require
from scbsim.util.text import counted
from scbsim.util.thread_pool import ThreadPool

_THREADS_FROM = 100_000 * DENSE_ENTRY  # seconds of a step; below, more threads are slower
_SYNC_SECONDS = 20e-6  # synchronisation of the threads that share a step
_SECONDS_TO_START = 2e-3  # of work in all; below, one thread ends before others have started
_FEWER = (
    "run fewer at a time (dynamics.replicas), the others from dynamics.replica on, or use a larger "
    "machine"
)
_LEAST_SPEEDUP = 1.25  # the speed-up that taking turns must have, as machines are often shared


class Ensemble:
    """The replicas of a run; a single run has one.

    Those that have not ended are always at the same step.

    Parameters
    ----------
    engines : sequence of Engine
        One for each replica.
    pool : ThreadPool
        Threads that the replicas are distributed over.
    normalize_threshold : float or None
        Threshold at which a copy of each last state is normalised; None for no copy.
    threads : int
        The number of threads, for the provenance.
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
        self._pool = pool

    def __len__(self) -> int:
        return len(self.replicas)

    @property
    def step(self) -> int:
        """The largest number of steps taken by a replica."""
        return max(replica.engine.step for replica in self.replicas)

    @property
    def running(self) -> list[int]:
        """The replicas that have not ended."""
        return [i for i, each in enumerate(self.replicas) if each.status == "running"]

    @property
    def most_left(self) -> int:
        """The largest number of steps that the run can still take."""
        return max(replica.most_left for replica in self.replicas)

    @property
    def status(self) -> str:
        """``running`` if any replica is, ``diverged`` if all are, else ``complete``."""
        found = {replica.status for replica in self.replicas}
        return next(name for name in ("running", "complete", "diverged") if name in found)

    def last_rows(self) -> NDArray[np.float64]:
        """Return the observables after each replica's last step, (R, 9); NaN if unknown."""
        known = [len(each.row) for each in self.replicas if each.row is not None]
        rows = np.full((len(self), max(known, default=len(NAMES))), np.nan)
        for i, replica in enumerate(self.replicas):
            if replica.row is not None:
                rows[i] = replica.row
        return rows

    def counts(self) -> dict[str, int]:
        """Return the number of replicas of each status."""
        found = [replica.status for replica in self.replicas]
        return {name: found.count(name) for name in dict.fromkeys(found)}

    def advance(self, steps: int) -> dict[int, ReplicaBlock]:
        """Let every replica that has not ended take ``steps`` steps; return their blocks."""
        running = self.running
        work = [partial(self.replicas[i].advance, steps) for i in running]
        return dict(zip(running, self._pool.each(work), strict=True))


@contextmanager
def built_ensemble(
    plan: RunPlan,
    normalize_threshold: float | None,
    threads: int,
    start: StreamStart = ORIGIN,
    hands: int = 1,
) -> Iterator[Ensemble]:
    """Build the replicas of a run at their start, with threads for the body.

    ``threads`` is from :func:`threads_for`; ``start`` is where the noise of each replica begins;
    ``hands`` is on how many threads a single run draws entries that it does not keep, or takes
    large steps of the sparse engine.

    Raises
    ------
    MemoryNeeded
        If their states together do not fit into memory. Nothing is built then.
    """
    R, task = plan.spec.dynamics.replicas, plan.task
    if R > 1:
        engine = f"the {plan.choice.name} engine at N = {task.N}, T = {task.T}"
        needed = plan.shared_memory + R * plan.memory
        require(needed, f"an ensemble of {counted(R, 'replica')} of {engine}", _FEWER)
    apart = R > 1 and not replicas_take_turns(plan, threads)
    together = min(threads, R) if apart else 1
    with sharing(1 if apart else threads) as own, ThreadPool(together) as pool:
        engines: list[Engine] = []
        for i in range(R):
            engines.append(build(plan, own, i, start))
            engines[i].share(engines[0])
        if R == 1 and isinstance(engines[0], WithoutEntries | StagedEngine | SparseEngine):
            engines[0].use_threads(hands)
        if plan.spec.init.correlation is not None:
            related = related_task_of(plan.spec, task)
            for engine_of_replica in engines:
                engine_of_replica.adopt(solution(related), related)
        yield Ensemble(engines, plan.stages, pool, normalize_threshold, max(own, together))


def threads_for(asked: int | None, plan: RunPlan) -> int:
    """Return the number of threads: one if starting more costs more than it saves.

    Raises
    ------
    InputError
        If there are fewer threads than ``asked``.
    """
    return threads_worth(plan, most_threads(asked))


def threads_worth(plan: RunPlan, most: int) -> int:
    """Return how many of ``most`` threads a run uses: one if more cost more than they save."""
    step, R = plan.step_seconds, plan.spec.dynamics.replicas
    short = R * plan.spec.total_steps * (step + 1e-7) < _SECONDS_TO_START
    few = short if R > 1 else not plan.record.shares_step or step < _THREADS_FROM
    return 1 if few else most


def replicas_take_turns(plan: RunPlan, threads: int) -> bool:
    """Return whether replicas take turns, each with all threads, or have one thread each.

    With one thread each, no thread waits for another within a step. So replicas take turns only if
    threads would otherwise be idle: if the state is large and there are few replicas, or one more
    than threads.
    """
    if not plan.record.shares_step:
        return False
    R, step = plan.spec.dynamics.replicas, plan.step_seconds
    apart = step * -(-R // threads)
    in_turn = R * (step / threads + _SYNC_SECONDS)
    return apart > _LEAST_SPEEDUP * in_turn
