"""The points of a grid, run on all cores."""

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

Took = Callable[[Point, PointOutcome], None]

# Their kernels have no parallel parts, of which one at a time may run in a process.
_SIDE_BY_SIDE = ("collapsed", "sparse")
_THREADS_FROM = 100_000  # entries; below, starting threads costs more than they save
_TICK = 0.2


class Runner:
    """Runs points, in any thread.

    Parameters
    ----------
    grid : Grid
    threads : int
        That an engine of many entries may use; the others use one.
    """

    def __init__(self, grid: Grid, threads: int) -> None:
        self.abort = Event()
        self._grid = grid
        self._threads = threads
        self._tasks = Tasks()
        self._alone = Lock()
        self._compiled: set[tuple[str, bool]] = set()

    def run(self, point: Point) -> PointOutcome | None:
        """Run the replicas of a point; None if told to abort meanwhile."""
        with _naming(self._grid.named(point)):
            spec = self._grid.spec(point)
            task = self._tasks.of(spec.task)
            plan = plan_of(spec, task)
            many = self._threads if task.N * task.T >= _THREADS_FROM else 1
            threads = 1 if plan.choice.name in _SIDE_BY_SIDE else many
            with self._turn(plan):
                # The point's spec is checked, and any number of replicas goes with it.
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
        whole = np.array([status != "diverged" for status in statuses])
        medians = np.median(rows[whole], axis=0) if whole.any() else np.full(rows.shape[1], np.nan)
        recovered = self._grid.criterion.holds(rows) & whole
        return PointOutcome(int(recovered.sum()), int((~whole).sum()), medians, plan.choice.name)

    @contextmanager
    def _turn(self, plan: RunPlan) -> Iterator[None]:
        """Keep others out where they would compile the same, or may not run at once."""
        kind = (plan.choice.name, plan.choice.matrix_V)
        if kind in self._compiled:
            yield
            return
        with self._alone:
            yield
        if plan.choice.name in _SIDE_BY_SIDE:
            self._compiled.add(kind)


def run_points(
    grid: Grid,
    points: Iterable[Point],
    threads: int,
    took: Took,
    tick: Callable[[], None],
    stop: Callable[[], bool],
) -> bool:
    """Run points, several at once; their numbers do not depend on how many.

    Parameters
    ----------
    grid : Grid
    points : iterable of Point
    threads : int
    took : callable
        Told each point and its outcome, in this thread, in the order in which they end.
    tick : callable
        Called several times a second, in this thread.
    stop : callable
        Asked as often; when it says True, no more points are begun.

    Returns
    -------
    bool
        Whether all of them are done.

    Raises
    ------
    ScbsimError
        What a point raised, with its name.
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
                    # A few wait, so that no thread does.
                    for point in islice(waiting, 4 * threads - len(running)):
                        running[pool.submit(runner.run, point)] = point
                else:
                    begun = {f: point for f, point in running.items() if not f.cancel()}
                    left = left or len(begun) < len(running) or next(waiting, None) is not None
                    running = begun
                if not running:
                    return not left
                ended, _ = wait(running, timeout=_TICK, return_when=FIRST_COMPLETED)
                wrong = None
                for future in [each for each in running if each in ended]:
                    point = running.pop(future)
                    try:
                        outcome = future.result()
                    except ScbsimError as error:
                        # Those that ended at the same time are done all the same.
                        wrong = wrong or error
                        continue
                    if outcome is not None:
                        took(point, outcome)
                if wrong is not None:
                    raise wrong
                tick()
        except BaseException:
            runner.abort.set()
            for future in running:
                future.cancel()
            raise


@contextmanager
def _naming(point: str) -> Iterator[None]:
    """Say of an error at which point it came."""
    try:
        yield
    except (SpecError, TaskError) as error:
        raise type(error)(error.faults, f"the point {point}") from error
    except (InputError, RunFailed) as error:
        raise type(error)(f"at {point}: {error}") from error
    except ScbsimError:
        raise
