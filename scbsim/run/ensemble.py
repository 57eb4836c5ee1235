"""The replicas of a run, side by side: built, stepped together, spread over threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Engine
from scbsim.engines.cost import DENSE_ENTRY
from scbsim.engines.random_stream import ORIGIN, StreamStart
from scbsim.engines.select import SHARING, Choice, build, entries, needs
from scbsim.engines.stages import Stage
from scbsim.kernels.compile.threads import most_threads, sharing
from scbsim.observables import NAMES
from scbsim.run.replica import Replica, Stretch
from scbsim.spec import RunSpec
from scbsim.task import Task
from scbsim.util.memory import require
from scbsim.util.thread_pool import Crew

_THREADS_FROM = 100_000  # entries; below, starting threads costs more than they save
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
    crew : Crew
        Threads that the replicas are spread over.
    level : float or None
        At which a copy of each last state is normalised; None for not at all.
    threads : int
        How many it is computed on.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        stages: Sequence[Stage],
        crew: Crew,
        level: float | None = None,
        threads: int = 1,
    ) -> None:
        self.threads = threads
        self.replicas = [Replica(engine, stages, level) for engine in engines]
        self.stages = stages
        self._crew = crew

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

    def advance(self, steps: int) -> dict[int, Stretch]:
        """Have every replica that has not ended take so many steps; return what they did."""
        running = self.running
        work = [partial(self.replicas[i].advance, steps) for i in running]
        return dict(zip(running, self._crew.each(work), strict=True))


@contextmanager
def assembled(
    choice: Choice,
    spec: RunSpec,
    task: Task,
    stages: Sequence[Stage],
    level: float | None,
    threads: int,
    start: StreamStart = ORIGIN,
) -> Iterator[Ensemble]:
    """Build the replicas of a spec, each at the start, and give them threads for the body.

    Parameters
    ----------
    threads : int
        What :func:`threads_for` says.
    start : StreamStart
        Where the noise of each replica begins.

    Raises
    ------
    MemoryNeeded
        If their states do not fit into memory together; nothing was built.
    """
    R = spec.dynamics.replicas
    if R > 1:
        require(R * needs(choice, spec, task), _named(choice, spec, task), _FEWER)
    apart = R > 1 and not one_by_one(choice, spec, task, threads)
    together = min(threads, R) if apart else 1
    with sharing(1 if apart else threads) as own, Crew(together) as crew:
        engines: list[Engine] = []
        for i in range(R):
            engines.append(build(choice, spec, task, own, i, start))
            engines[i].share(engines[0])
        yield Ensemble(engines, stages, crew, level, max(own, together))


def threads_for(asked: int | None, choice: Choice, spec: RunSpec, task: Task) -> int:
    """Return how many threads to use: one where starting more costs more than it saves.

    Raises
    ------
    InputError
        If there are not so many as are asked for.
    """
    most = most_threads(asked)
    size, R = entries(choice, spec, task), spec.dynamics.replicas
    short = R * spec.total_steps * (size * DENSE_ENTRY + 1e-7) < _SECONDS_TO_START
    few = short if R > 1 else choice.name not in SHARING or size < _THREADS_FROM
    return 1 if few else most


def one_by_one(choice: Choice, spec: RunSpec, task: Task, threads: int) -> bool:
    """Return whether replicas take turns, each with all threads, or have one thread each.

    With one each no thread waits for another within a step, so they take turns only where threads
    would be idle otherwise: few replicas, or one more than there are threads, of a large state.
    """
    if choice.name not in SHARING:
        return False
    R, step = spec.dynamics.replicas, entries(choice, spec, task) * DENSE_ENTRY
    apart = step * -(-R // threads)
    in_turn = R * (step / threads + _SECONDS_OF_A_MEETING)
    return apart > _WORTH * in_turn


def _named(choice: Choice, spec: RunSpec, task: Task) -> str:
    R = spec.dynamics.replicas
    return f"an ensemble of {R} replicas of the {choice.name} engine at N = {task.N}, T = {task.T}"
