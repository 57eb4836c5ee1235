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
from scbsim.run.progress import Progress
from scbsim.spec import RunSpec
from scbsim.spec.ranges import Range, parse_range
from scbsim.studies.phase.criterion import DEFAULT, Criterion
from scbsim.studies.phase.grid import Grid, Point
from scbsim.studies.phase.rules import RULES
from scbsim.studies.recipe import made
from scbsim.util.cores import usable_cores
from scbsim.util.numbers import whole
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
        What all points share. Every point is a run of it with both keys set: its replicas are
        those from ``dynamics.replica`` on, and its task the one that the spec says.
    x, y : str or Range
        ``key=range``: ``task.T=1e3:1e9:30log``, ``dynamics.batch_size=1e4:1e10:30log``. Any key
        that ``--set`` reaches and that holds numbers; forms are in :mod:`scbsim.spec.ranges`.
    output : path, optional
        Folder for ``phase.h5``. If that is there, its points are kept and the others run. In
        memory only unless given.
    rules : sequence of {"sgd", "l1"}
        ``sgd`` has plain SGD in every stage; ``l1`` the spec's own l1 rules, or ``prox``.
    replicas : int
        Runs a point.
    recovered : str
        Condition on the observables after a run's last step; several are joined by ``and``.
        A run that diverged never counts.
    threads : int, optional
        Points at a time; as many as there are cores unless given. The numbers do not depend on
        it.
    overwrite : bool
        Start again, whatever ``phase.h5`` holds.
    progress : bool
        Tell stderr how far it is.
    stop : callable, optional
        Asked several times a second; when it says True, the points in flight are the last.

    Returns
    -------
    xarray.Dataset
        Along ``rule``, ``y`` and ``x``: ``recovered``, ``diverged`` and ``replicas`` count runs,
        ``median_*`` are medians of the last observables over the runs that did not diverge.

    Raises
    ------
    SpecError
        If a range or a point of the grid does not hold; nothing has run then.
    InputError
        If anything else that was asked for is wrong.
    OutputError
        If ``phase.h5`` is of another grid.
    RunFailed
        If it cannot be written, or another process writes it.
    Stopped
        If ``stop`` said so; what is done is kept.

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
        replicas=whole("replicas", replicas),
        criterion=Criterion.parse(recovered),
    )
    grid.check()
    if threads is not None:
        threads = whole("threads", threads, 1)
    if output is None and overwrite:
        raise InputError("overwrite is about an output, and none is given")
    with _held(output) as path:
        work = _Work(grid, path, overwrite)
        work.run(threads, progress, stop or (lambda: False))
    return work.dataset()


class _Work:
    """A diagram on its way: its numbers, its file, and what is left."""

    def __init__(self, grid: Grid, path: Path | None, overwrite: bool) -> None:
        from scbsim.studies.phase.file import read
        from scbsim.studies.phase.results import Results

        self._grid, self._path = grid, path
        self._attributes = {"created_utc": datetime.now(UTC).isoformat(timespec="seconds")}
        self._results = Results.empty(grid.shape)
        if path and path.exists() and not overwrite:
            self._results, found = read(path, grid)
            self._attributes["created_utc"] = found["created_utc"]
            self._attributes |= {k: v for k, v in found.items() if k in ("provenance", "status")}

    def run(self, threads: int | None, progress: bool, stop: Callable[[], bool]) -> None:
        from scbsim.engines.plan import Choice
        from scbsim.run.provenance import provenance
        from scbsim.studies.phase.points import run_points

        left = [point for point in self._grid.points() if not self._results.done[point]]
        if not left:
            if self._attributes.get("status") != "complete":
                # Killed after the last point, before the end.
                self._attributes["status"] = "complete"
                self._save()
            return
        count = threads or usable_cores()
        made_by = provenance(Choice("by the point", "`engines` says by rule"), count, "drawn")
        self._attributes |= {"provenance": json.dumps(made_by), "status": "running"}
        shown = Progress(len(left), quiet=not progress, unit="point")
        shown.start("phase")
        ended, saved, taken = "failed", monotonic(), 0

        def took(point: Point, outcome: PointOutcome) -> None:
            nonlocal taken
            taken += 1
            self._results.take(self._grid, point, outcome)
            shown.update(taken, 0, {})

        def tick() -> None:
            nonlocal saved
            if monotonic() - saved > SAVE_SECONDS:
                self._save()
                saved = monotonic()

        self._save()
        try:
            whole = run_points(self._grid, left, count, took, tick, stop)
            ended = "complete" if whole else "stopped"
        except KeyboardInterrupt:
            ended = "stopped"
            raise
        finally:
            shown.close(ended)
            self._attributes["status"] = ended
            self._save()
        if ended == "stopped":
            raise Stopped(
                f"stopped on a signal after {int(self._results.done.sum())} of "
                f"{self._results.done.size} points"
                + (f" of {self._path}; the same line again goes on" if self._path else "")
            )

    def _save(self) -> None:
        from scbsim.studies.phase.file import write

        if self._path is not None:
            write(self._path, self._grid, self._results, self._attributes)

    def dataset(self) -> xr.Dataset:
        return self._results.dataset(self._grid, dict(self._attributes))


@contextmanager
def _held(output: str | os.PathLike[str] | None) -> Iterator[Path | None]:
    """Make the folder, and keep others from its diagram."""
    if output is None:
        yield None
        return
    from scbsim.storage.hdf5.lock import held

    folder = made(resolved(output), "phase diagram")
    with held(folder / NAME):
        yield folder / NAME
