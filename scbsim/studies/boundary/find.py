"""find_boundaries(): search for the boundaries of a study, in several threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scbsim.errors import InputError
from scbsim.studies.boundary.results import Count, NotYet, Place, Results
from scbsim.studies.boundary.study import Curve, read_study
from scbsim.studies.running_study import RunningStudy
from scbsim.studies.study_file import locked
from scbsim.studies.study_progress import counting
from scbsim.util.cores import usable_cores
from scbsim.util.numbers import check_int

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.studies.phase.points import Runner

NAME = "boundary.h5"
_TICK = 0.2  # seconds


def find_boundaries(
    study: Mapping[str, Any],
    *,
    output: str | os.PathLike[str] | None = None,
    options: Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
    threads: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
    stop: Callable[[], bool] | None = None,
) -> xr.Dataset:
    """Find, for each value of a key, the least value of another at which runs recover the truth.

    Parameters
    ----------
    study : mapping
        A spec as dicts, with a table ``boundary`` (docs/boundary.md).
    output : path, optional
        Folder for ``boundary.h5``. If the file exists, only what is missing is run.
    options : mapping, optional
        Keys of ``boundary`` that replace those of the study.
    overrides : sequence of str
        ``key=value`` as after ``--set``, for all curves.
    threads : int, optional
        Points that run at a time, by default as many as there are cores. The numbers do not
        depend on it.
    overwrite : bool
        Start again, whatever ``boundary.h5`` holds.
    progress : bool
        Show progress on stderr.
    stop : callable, optional
        Called several times a second; once it returns True, no more points are started.

    Returns
    -------
    xarray.Dataset
        ``boundary`` along ``curve``, ``seed`` and ``point``, ``x`` along ``curve`` and ``point``,
        and all points that were run along ``run``.

    Raises
    ------
    SpecError
        If the study is not valid.
    InputError
        If another argument is not valid.
    OutputError
        If ``boundary.h5`` has another study.
    RunFailed
        If it cannot be written, or another process writes it.
    Stopped
        If ``stop`` returned True; finished points are kept.
    """
    curves = read_study(study, options, overrides)
    if threads is not None:
        threads = check_int("threads", threads, 1)
    if output is None and overwrite:
        raise InputError("overwrite is about an output, and none is given")
    with locked(output, NAME, "boundary study") as path:
        finder = _Finder(curves, path, overwrite)
        finder.run(threads or usable_cores(), progress, stop or (lambda: False))
        return finder.dataset()


class _Finder(RunningStudy):
    """Searches in the making: the points that are done."""

    def __init__(self, curves: list[Curve], path: Path | None, overwrite: bool) -> None:
        from scbsim.studies.boundary.file import read

        super().__init__(path)
        self._results = Results(curves)
        self._chains = [(c, s) for c, curve in enumerate(curves) for s in range(curve.seeds)]
        if path and path.exists() and not overwrite:
            self._results, found = read(path, curves)
            self._attributes |= found

    def run(self, threads: int, progress: bool, stop: Callable[[], bool]) -> None:
        """Search until every boundary is found."""
        if all(self._next(chain) is None for chain in self._chains):
            self._finish()
            return
        with self._running(threads, "curve"):
            self._search(threads, progress, stop)

    def _next(self, chain: tuple[int, int]) -> Place | None:
        """Return the next point that a search needs, or None if it is finished."""
        try:
            self._results.search(*chain)
        except NotYet as needed:
            place: Place = needed.args[0]
            return place
        return None

    def _search(self, threads: int, progress: bool, stop: Callable[[], bool]) -> None:
        from scbsim.studies.phase.points import Runner

        runner, running = Runner(threads), dict[Future[Count | None], Place]()
        waiting = list(reversed(self._chains))
        ended = 0
        with (
            counting("boundary", len(self._chains), "line", quiet=not progress) as count,
            ThreadPoolExecutor(threads) as pool,
        ):
            try:
                while True:
                    while waiting and len(running) < threads and not stop():
                        place = self._next(waiting[-1])
                        if place is None:
                            ended += 1
                            count(ended)
                        else:
                            running[pool.submit(self._point, runner, place)] = place
                        waiting.pop()
                    if not running:
                        break
                    done, _ = wait(running, timeout=_TICK, return_when=FIRST_COMPLETED)
                    for future in done:
                        place = running.pop(future)
                        if (found := future.result()) is not None:
                            self._results.done[place] = found
                        waiting.append(place[:2])
                    if stop():
                        runner.abort.set()
                    self._save_if_due()
            except BaseException:
                runner.abort.set()
                raise
            if waiting:
                raise self._stopped(ended, len(self._chains), "line")

    def _point(self, runner: Runner, place: Place) -> Count | None:
        curve = self._results.curves[place.curve]
        spec = curve.spec(*place[1:])
        name = curve.named(*place[1:])
        outcome = runner.run(name, spec, curve.replicas, curve.criterion, curve.lost)
        return outcome and Count(outcome.recovered, outcome.diverged, outcome.engine, outcome.steps)

    def _write(self, path: Path) -> None:
        from scbsim.studies.boundary.file import write

        write(path, self.dataset())

    def dataset(self) -> xr.Dataset:
        """Return what is found so far."""
        return self._results.dataset(self._attributes)
