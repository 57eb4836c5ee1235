"""Drawing a phase diagram, or some of its points: what is done so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from scbsim.studies.phase.grid import Grid, Point
from scbsim.studies.running_study import KEPT, RunningStudy
from scbsim.studies.study_progress import counting

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.studies.phase.results import PointOutcome


class Drawing(RunningStudy):
    """A diagram in the making; ``points`` are those that it shall have, by default all."""

    def __init__(
        self,
        grid: Grid,
        path: Path | None,
        *,
        overwrite: bool = False,
        points: Sequence[Point] | None = None,
    ) -> None:
        from scbsim.studies.phase.file import read
        from scbsim.studies.phase.results import Results

        super().__init__(path)
        self._grid = grid
        self._points = list(grid.points()) if points is None else points
        self._results = Results.empty(grid.shape)
        if path and path.exists() and not overwrite:
            self._results, found = read(path, grid)
            self._attributes |= {name: found[name] for name in KEPT if name in found}

    def run(
        self, threads: int, progress: bool, stop: Callable[[], bool], patience: float = inf
    ) -> None:
        """Run the points that are not done.

        Points that are running when ``stop`` returns True have ``patience`` seconds to end.

        Raises
        ------
        Stopped
            If ``stop`` returned True; the points that are done are kept.
        """
        left = [point for point in self._points if not self._results.done[point]]
        if not left:
            self._finish()
            return
        with self._running(threads, "rule"):
            self._run(left, threads, progress, stop, patience)

    def _run(
        self,
        points: list[Point],
        threads: int,
        progress: bool,
        stop: Callable[[], bool],
        patience: float,
    ) -> None:
        from scbsim.studies.phase.points import run_points

        finished = 0

        def store(point: Point, outcome: PointOutcome) -> None:
            nonlocal finished
            finished += 1
            self._results.store(self._grid, point, outcome)
            count(finished)

        with counting("phase", len(points), "point", quiet=not progress) as count:
            tick = self._save_if_due
            if not run_points(self._grid, points, threads, store, tick, stop, patience=patience):
                done = int(self._results.done.sum())
                raise self._stopped(done, len(self._points), "point")

    def _write(self, path: Path) -> None:
        from scbsim.studies.phase.file import write

        write(path, self.dataset())

    def dataset(self) -> xr.Dataset:
        """Return what is done so far."""
        return self._results.dataset(self._grid, self._attributes)
