"""phase_diagram(): how often a run recovers the truth, over a grid of two keys."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from scbsim.errors import InputError, Stopped
from scbsim.spec import RunSpec
from scbsim.spec.ranges import Range, parse_range
from scbsim.studies.phase.criterion import DEFAULT, Criterion
from scbsim.studies.phase.grid import Grid, Point
from scbsim.studies.phase.rules import RULES
from scbsim.studies.recipe import make_folder
from scbsim.studies.study_progress import counting
from scbsim.util.cores import usable_cores
from scbsim.util.numbers import check_int
from scbsim.util.paths import resolved

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.studies.phase.results import PointOutcome

NAME = "phase.h5"
SAVE_SECONDS = 5.0


def phase_diagram(
    spec: RunSpec,
    x: str | Range,
    y: str | Range,
    *,
    output: str | os.PathLike[str] | None = None,
    rules: Sequence[str] = RULES,
    replicas: int = 32,
    recovered: str = DEFAULT,
    threads: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
    stop: Callable[[], bool] | None = None,
) -> xr.Dataset:
    """Count the runs that recover the truth, over a grid of two keys of a spec.

    Parameters
    ----------
    spec : RunSpec
        What all points share. Every point is a run of it with both keys set. Its replicas start
        at ``dynamics.replica``, and its task is that of the spec.
    x, y : str or Range
        ``key=range``: ``task.T=1e3:1e9:30log``, ``dynamics.batch_size=1e4:1e10:30log``. Any key
        that ``--set`` takes and that holds numbers; docs/phase.md has the forms of ranges.
    output : path, optional
        Folder for ``phase.h5``. If the file exists, only its missing points are run. Without a
        folder, nothing is written.
    rules : sequence of {"sgd", "l1"}
        ``sgd`` has the rule ``sgd`` in every stage; ``l1`` has the spec's own l1 rules, or
        ``prox`` if it has none.
    replicas : int
        Runs at each point.
    recovered : str
        Condition on the observables after a run's last step; several are joined by ``and``.
        A run that diverged never counts.
    threads : int, optional
        Points that run at a time, by default as many as there are cores. The numbers do not
        depend on it.
    overwrite : bool
        Start again, whatever ``phase.h5`` holds.
    progress : bool
        Show progress on stderr.
    stop : callable, optional
        Called several times a second; once it returns True, no more points are started.

    Returns
    -------
    xarray.Dataset
        Along ``rule``, ``y`` and ``x``: ``recovered``, ``diverged`` and ``replicas`` count runs,
        ``median_*`` are medians of the last observables over the runs that did not diverge.

    Raises
    ------
    SpecError
        If a range or a point of the grid is not valid; this is checked before anything runs.
    InputError
        If another argument is not valid.
    OutputError
        If ``phase.h5`` has another grid.
    RunFailed
        If it cannot be written, or another process writes it.
    Stopped
        If ``stop`` returned True; finished points are kept.

    Notes
    -----
    docs/phase.md. The engines are those of ``dynamics.engine``: "auto" takes the collapsed one
    under SGD and mostly the sparse one under l1, both exact in law.
    """
    grid = Grid(
        base=spec,
        x=parse_range(x) if isinstance(x, str) else x,
        y=parse_range(y) if isinstance(y, str) else y,
        rules=tuple(rules),
        replicas=check_int("replicas", replicas),
        criterion=Criterion.parse(recovered),
    )
    grid.check()
    if threads is not None:
        threads = check_int("threads", threads, 1)
    if output is None and overwrite:
        raise InputError("overwrite is about an output, and none is given")
    with _locked(output) as path:
        diagram = _Diagram(grid, path, overwrite)
        diagram.run(threads or usable_cores(), progress, stop or (lambda: False))
        return diagram.dataset()


class _Diagram:
    """A diagram in the making: its results, and its file."""

    def __init__(self, grid: Grid, path: Path | None, overwrite: bool) -> None:
        from scbsim.studies.phase.file import read
        from scbsim.studies.phase.results import Results

        self._grid, self._path = grid, path
        self._attributes = {"created_utc": datetime.now(UTC).isoformat(timespec="seconds")}
        self._results = Results.empty(grid.shape)
        self._saved = monotonic()
        if path and path.exists() and not overwrite:
            self._results, found = read(path, grid)
            self._attributes["created_utc"] = found["created_utc"]
            self._attributes |= {k: v for k, v in found.items() if k in ("provenance", "status")}

    def run(self, threads: int, progress: bool, stop: Callable[[], bool]) -> None:
        """Run the points that are not done."""
        from scbsim.engines.plan import Choice
        from scbsim.run.provenance import provenance

        left = [point for point in self._grid.points() if not self._results.done[point]]
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
            self._run(left, threads, progress, stop)
            status = "complete"
        except (Stopped, KeyboardInterrupt):
            status = "stopped"
            raise
        finally:
            self._save(status)

    def _run(
        self, points: list[Point], threads: int, progress: bool, stop: Callable[[], bool]
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
            if not run_points(self._grid, points, threads, store, tick, stop):
                done = self._results.done
                where = f" of {self._path}; the same command again goes on" if self._path else ""
                raise Stopped(
                    f"stopped on a signal after {int(done.sum())} of {done.size} points{where}"
                )

    def _save(self, status: str) -> None:
        self._attributes["status"] = status
        if self._path is not None:
            from scbsim.studies.phase.file import write

            write(self._path, self.dataset())
        self._saved = monotonic()

    def dataset(self) -> xr.Dataset:
        return self._results.dataset(self._grid, self._attributes)


@contextmanager
def _locked(output: str | os.PathLike[str] | None) -> Iterator[Path | None]:
    """Create the folder and lock the file of the diagram in it, if there is an output."""
    if output is None:
        yield None
        return
    from scbsim.storage.hdf5.lock import held

    folder = make_folder(resolved(output), "phase diagram")
    with held(folder / NAME):
        yield folder / NAME
