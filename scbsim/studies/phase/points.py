"""Running the points of a grid in several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from math import inf
from threading import Event, Lock
from time import monotonic

import numpy as np

from scbsim.engines.plan import RunPlan
from scbsim.engines.select import plan_of
from scbsim.errors import InputError, RunFailed, ScbsimError, SpecError, TaskError
from scbsim.run.final_rows import final_rows
from scbsim.spec import RunSpec
from scbsim.spec.engines import ENGINES
from scbsim.studies.phase.criterion import Criterion
from scbsim.studies.phase.grid import Grid, Point
from scbsim.studies.phase.results import PointOutcome
from scbsim.studies.phase.tasks import Tasks

_THREADS_FROM = 100_000  # entries of A; with fewer, starting threads costs more than they save
_TICK = 0.2  # seconds


class Runner:
    """Runs points; safe to use from several threads.

    Engines whose threads share a step run one at a time, with ``threads`` threads if there are many
    entries. Other engines use one thread, and several may run at once.
    """

    def __init__(self, threads: int) -> None:
        self.abort = Event()
        self._threads = threads
        self._tasks = Tasks()
        self._exclusive = Lock()
        self._compiled: set[tuple[str, bool]] = set()

    def run(
        self,
        name: str,
        spec: RunSpec,
        replicas: int,
        criterion: Criterion,
        lost: Criterion | None = None,
    ) -> PointOutcome | None:
        """Run the replicas of a spec; return None if `abort` was set meanwhile.

        Parameters
        ----------
        name : str
            The point, for error messages.
        spec : RunSpec
            Of the first replica.
        replicas : int
        criterion : Criterion
            When a run counts as recovered.
        lost : Criterion, optional
            If it holds after any step, the run counts as diverged, and ends soon.
        """
        with _point_named(name):
            task = self._tasks.of(spec.task)
            plan = plan_of(spec, task)
            many = self._threads if task.N * task.T >= _THREADS_FROM else 1
            threads = many if ENGINES[plan.choice.name].shares_step else 1
            with self._turn(plan):
                # The spec is checked already, and any number of replicas is valid with it.
                dynamics = spec.dynamics.model_copy(update={"replicas": replicas})
                ensemble = spec.model_copy(update={"dynamics": dynamics})
                rows, statuses, since = final_rows(
                    ensemble,
                    task,
                    threads,
                    plan=replace(plan, spec=ensemble),
                    stop=self.abort.is_set,
                    lost=None if lost is None else lost.holds,
                    goal=criterion.holds,
                )
        if "running" in statuses:
            return None
        finite = np.array([status != "diverged" for status in statuses])
        shape = rows.shape[1]
        medians = np.median(rows[finite], axis=0) if finite.any() else np.full(shape, np.nan)
        recovered = criterion.holds(rows) & finite
        steps = float(np.median(since[recovered])) if recovered.any() else np.nan
        counts = (int(recovered.sum()), int((~finite).sum()))
        return PointOutcome(*counts, medians, plan.choice.name, steps)

    @contextmanager
    def _turn(self, plan: RunPlan) -> Iterator[None]:
        """Exclude other threads unless the engine uses one and its kernels are compiled."""
        kind = (plan.choice.name, plan.choice.matrix_V)
        if kind in self._compiled:
            yield
            return
        with self._exclusive:
            yield
        if not ENGINES[plan.choice.name].shares_step:
            self._compiled.add(kind)


def run_points(
    grid: Grid,
    points: Iterable[Point],
    threads: int,
    store: Callable[[Point, PointOutcome], None],
    tick: Callable[[], None],
    stop: Callable[[], bool],
    *,
    patience: float = inf,
) -> bool:
    """Run points in several threads; return whether all are done.

    All callbacks are called in this thread: ``store`` with each point and its outcome, in the order
    in which they end; ``tick`` and ``stop`` several times a second. Once ``stop`` returns True, no
    more points are started, and those that do not end within ``patience`` seconds are given up.
    Errors of a point are raised with its name in the message.
    """
    runner = Runner(threads)

    def run(point: Point) -> PointOutcome | None:
        name = grid.named(point)
        with _point_named(name):
            spec = grid.spec(point)
        return runner.run(name, spec, grid.replicas, grid.criterion)

    waiting = iter(points)
    running: dict[Future[PointOutcome | None], Point] = {}
    stopped, left, until = False, False, inf
    with ThreadPoolExecutor(threads) as pool:
        try:
            while True:
                if not stopped and stop():
                    stopped, until = True, monotonic() + patience
                if monotonic() > until:
                    runner.abort.set()
                if not stopped:
                    # A few points are queued, so that no thread has to wait.
                    for point in islice(waiting, 4 * threads - len(running)):
                        running[pool.submit(run, point)] = point
                else:
                    begun = {f: point for f, point in running.items() if not f.cancel()}
                    left = left or len(begun) < len(running) or next(waiting, None) is not None
                    running = begun
                if not running:
                    return not left
                ended, _ = wait(running, timeout=_TICK, return_when=FIRST_COMPLETED)
                failure = None
                for future in [each for each in running if each in ended]:
                    point = running.pop(future)
                    try:
                        outcome = future.result()
                    except ScbsimError as error:
                        # Points that ended at the same time are stored before it is raised.
                        failure = failure or error
                        continue
                    if outcome is None:
                        left = True
                    else:
                        store(point, outcome)
                if failure is not None:
                    raise failure
                tick()
        except BaseException:
            runner.abort.set()
            for future in running:
                future.cancel()
            raise


@contextmanager
def _point_named(point: str) -> Iterator[None]:
    """Add the name of the point to errors."""
    try:
        yield
    except (SpecError, TaskError) as error:
        raise type(error)(error.faults, f"the point {point}") from error
    except (InputError, RunFailed) as error:
        raise type(error)(f"at {point}: {error}") from error
