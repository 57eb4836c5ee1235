"""phase_diagram(): how often a run recovers the truth, over a grid of two keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from scbsim.errors import InputError
from scbsim.spec import RunSpec
from scbsim.spec.ranges import Range
from scbsim.studies.phase.criterion import DEFAULT
from scbsim.studies.phase.drawing import Drawing
from scbsim.studies.phase.grid import Grid
from scbsim.studies.phase.rules import RULES
from scbsim.studies.study_file import locked
from scbsim.util.cores import usable_cores
from scbsim.util.numbers import check_int

if TYPE_CHECKING:
    import xarray as xr

NAME = "phase.h5"


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
    grid = Grid.of(spec, x, y, rules=rules, replicas=replicas, recovered=recovered)
    if threads is not None:
        threads = check_int("threads", threads, 1)
    if output is None and overwrite:
        raise InputError("overwrite is about an output, and none is given")
    with locked(output, NAME, "phase diagram") as path:
        diagram = Drawing(grid, path, overwrite=overwrite)
        diagram.run(threads or usable_cores(), progress, stop or (lambda: False))
        return diagram.dataset()
