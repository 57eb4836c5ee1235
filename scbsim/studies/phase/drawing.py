"""Drawing a phase diagram, or some of its points: what is done so far, and its file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from scbsim.errors import Stopped
from scbsim.studies.phase.grid import Grid, Point
from scbsim.studies.study_progress import counting
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.studies.phase.results import PointOutcome

SAVE_SECONDS = 5.0


class Drawing:
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

        self._grid, self._path = grid, path
        self._points = list(grid.points()) if points is None else points
        self._attributes = {"created_utc": datetime.now(UTC).isoformat(timespec="seconds")}
        self._results = Results.empty(grid.shape)
        self._saved = monotonic()
        if path and path.exists() and not overwrite:
            self._results, found = read(path, grid)
            self._attributes["created_utc"] = found["created_utc"]
            self._attributes |= {k: v for k, v in found.items() if k in ("provenance", "status")}

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
        from scbsim.engines.plan import Choice
        from scbsim.run.provenance import provenance

        left = [point for point in self._points if not self._results.done[point]]
        if not left:
            if self._attributes.get("status") != "complete":
                # The process was killed after the last point, before the status was written.
                self._save("complete")
            return
        made_by = provenance(Choice("by the point", "`engines` says by rule"), threads, "drawn")
        self._attributes["provenance"] = json.dumps(made_by)
        self._save("running")
        status = "failed"
        try:
            self._run(left, threads, progress, stop, patience)
            status = "complete"
        except (Stopped, KeyboardInterrupt):
            status = "stopped"
            raise
        finally:
            self._save(status)

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

        def tick() -> None:
            if monotonic() - self._saved > SAVE_SECONDS:
                self._save("running")

        with counting("phase", len(points), "point", quiet=not progress) as count:
            if not run_points(self._grid, points, threads, store, tick, stop, patience=patience):
                done, total = int(self._results.done.sum()), len(self._points)
                where = f" of {self._path}; the same command again goes on" if self._path else ""
                raise Stopped(
                    f"stopped on a signal after {done} of {counted(total, 'point')}{where}"
                )

    def _save(self, status: str) -> None:
        self._attributes["status"] = status
        if self._path is not None:
            from scbsim.studies.phase.file import write

            write(self._path, self.dataset())
        self._saved = monotonic()

    def dataset(self) -> xr.Dataset:
        """Return what is done so far."""
        return self._results.dataset(self._grid, self._attributes)
