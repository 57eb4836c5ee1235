"""Running the points of a grid in several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from threading import Event, Lock

import numpy as np

from scbsim.engines.plan import RunPlan
from scbsim.engines.select import plan_of
from scbsim.errors import InputError, RunFailed, ScbsimError, SpecError, TaskError
from scbsim.run.final_rows import final_rows
from scbsim.studies.phase.grid import Grid, Point
from scbsim.studies.phase.results import PointOutcome
from scbsim.studies.phase.tasks import Tasks

# Engines without parallel kernels: several may run at once. Of the other engines, only one may.
_CONCURRENT = ("approximate", "collapsed", "columns", "sparse")
_THREADS_FROM = 100_000  # entries of A; with fewer, starting threads costs more than they save
_TICK = 0.2  # seconds


class Runner:
    """Runs points; safe to use from several threads.

    An engine with many entries uses ``threads`` threads, other engines use one.
    """

    def __init__(self, grid: Grid, threads: int) -> None:
        self.abort = Event()
        self._grid = grid
        self._threads = threads
        self._tasks = Tasks()
        self._exclusive = Lock()
        self._compiled: set[tuple[str, bool]] = set()

    def run(self, point: Point) -> PointOutcome | None:
        """Run the replicas of a point; return None if `abort` was set meanwhile."""
        with _point_named(self._grid.named(point)):
            spec = self._grid.spec(point)
            task = self._tasks.of(spec.task)
            plan = plan_of(spec, task)
            many = self._threads if task.N * task.T >= _THREADS_FROM else 1
            threads = 1 if plan.choice.name in _CONCURRENT else many
            with self._turn(plan):
                # The spec is checked already, and any number of replicas is valid with it.
                dynamics = spec.dynamics.model_copy(update={"replicas": self._grid.replicas})
                ensemble = spec.model_copy(update={"dynamics": dynamics})
                rows, statuses = final_rows(
                    ensemble,
                    task,
                    threads,
                    plan=replace(plan, spec=ensemble),
                    stop=self.abort.is_set,
                )
        if "running" in statuses:
            return None
        finite = np.array([status != "diverged" for status in statuses])
        shape = rows.shape[1]
        medians = np.median(rows[finite], axis=0) if finite.any() else np.full(shape, np.nan)
        recovered = self._grid.criterion.holds(rows) & finite
        return PointOutcome(int(recovered.sum()), int((~finite).sum()), medians, plan.choice.name)

    @contextmanager
    def _turn(self, plan: RunPlan) -> Iterator[None]:
        """Exclude other threads unless the engine is concurrent and its kernels are compiled."""
        kind = (plan.choice.name, plan.choice.matrix_V)
        if kind in self._compiled:
            yield
            return
        with self._exclusive:
            yield
        if plan.choice.name in _CONCURRENT:
            self._compiled.add(kind)


def run_points(
    grid: Grid,
    points: Iterable[Point],
    threads: int,
    store: Callable[[Point, PointOutcome], None],
    tick: Callable[[], None],
    stop: Callable[[], bool],
) -> bool:
    """Run points in several threads; return whether all are done.

    All callbacks are called in this thread: ``store`` with each point and its outcome, in the order
    in which they end; ``tick`` and ``stop`` several times a second. Once ``stop`` returns True, no
    more points are started. Errors of a point are raised with its name in the message.
    """
    runner = Runner(grid, threads)
    waiting = iter(points)
    running: dict[Future[PointOutcome | None], Point] = {}
    stopped, left = False, False
    with ThreadPoolExecutor(threads) as pool:
        try:
            while True:
                stopped = stopped or stop()
                if not stopped:
                    # A few points are queued, so that no thread has to wait.
                    for point in islice(waiting, 4 * threads - len(running)):
                        running[pool.submit(runner.run, point)] = point
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
                    if outcome is not None:
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
