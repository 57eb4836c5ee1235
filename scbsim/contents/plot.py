"""Plotting runs, from their files or in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scbsim.errors import InputError
from scbsim.observables import BATCH_LOSS, NAMES
from scbsim.plotting.picture_paths import labels as names_of
from scbsim.spec.types import meant
from scbsim.trajectory.views import own_observables
from scbsim.util.text import counted, show

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.plotting.picture import Picture


def plot(
    *runs: xr.Dataset | str | os.PathLike[str],
    labels: Sequence[str] = (),
    only: str | Sequence[str] = (),
    output: str | os.PathLike[str] | None = None,
    width: float | str | None = None,
) -> Picture:
    """Plot the observables of one run against steps, or of several in the same axes.

    Parameters
    ----------
    *runs : xarray.Dataset or path
        Trajectories, as :func:`scbsim.simulate` and :func:`scbsim.load` return them, or files. A
        sweep may stand alone, as its folder, its collected file or what `scbsim.load` returns: each
        point is drawn as the median over its seeds, and a band from the first to the last decile.
    labels : sequence of str, optional
        One for each run. By default the names of files, and ``run 1``, ``run 2`` and so on.
    only : str or sequence of str, optional
        Observables to plot, such as ``"delta_A"``, in a panel each, those of one's own included.
        By default all that every run has.
    output : path, optional
        Save the picture there, as png, pdf or svg; an existing file is replaced.
    width : float or str, optional
        For a paper: the width of the picture, in inches or as ``"5.5in"``, ``"14cm"``, ``"140mm"``
        or ``"397pt"``. Type is legible at that width, and there is no title.

    Returns
    -------
    matplotlib.figure.Figure
        It belongs to no window. A notebook shows it. Its attribute ``caption`` is text to paste
        under it: what is drawn, and how it was run.

    Raises
    ------
    InputError
        If there is no run, an observable is not known, there are not as many labels as runs, or
        ``width`` is no width.
    OutputError
        If a file cannot be read, or the picture cannot be written.
    """
    from scbsim.plotting.overview import draw
    from scbsim.plotting.picture_paths import check_picture
    from scbsim.plotting.style import save
    from scbsim.plotting.width import inches

    paper_width = inches(width)
    wanted = list(dict.fromkeys([only] if isinstance(only, str) else only))
    if output is not None:
        check_picture(Path(output))
    labelled = _labelled(runs, labels)
    _require_known(wanted, labelled)
    if BATCH_LOSS.name in wanted:
        for label, run in labelled.items():
            if BATCH_LOSS.name not in run:
                raise InputError(f"{BATCH_LOSS.name}: {label} drew its samples, and has none")
    figure = draw(labelled, wanted, paper_width)
    if output is not None:
        save(figure, Path(output))
    return figure


def _require_known(names: Sequence[str], runs: Mapping[str, xr.Dataset]) -> None:
    """Raise InputError unless every run has an observable, or some run has one of its own."""
    own = tuple(dict.fromkeys(name for run in runs.values() for name in own_observables(run)))
    if any(BATCH_LOSS.name in run for run in runs.values()):
        own = (*own, BATCH_LOSS.name)
    for name in names:
        if name not in (*NAMES, *own):
            there = (*NAMES, *own)
            like = " or ".join(meant(str(name), there))
            hint = f"did you mean {like}?" if like else f"there are {', '.join(there)}"
            raise InputError(f"{show(name)} is not an observable; {hint}")


def _labelled(runs: Sequence[Any], labels: Sequence[str]) -> Mapping[str, xr.Dataset]:
    """Return the trajectories by label, those of files loaded."""
    from scbsim.contents.datasets import load
    from scbsim.contents.sweep_points import is_collection, points
    from scbsim.storage.runfile.loading import load as of_run

    if not runs:
        raise InputError("there is nothing to plot: give a trajectory, or the file of a run")
    given = [labels] if isinstance(labels, str) else list(labels)
    if len(runs) == 1:
        (run,) = runs
        found = load(run) if isinstance(run, str | os.PathLike) else run
        if is_collection(found):
            at_points = points(found, "sweep" if found is run else Path(run).name)
            runs, given = list(at_points.values()), given or list(at_points)
    if given and (len(given) != len(runs) or len(set(given)) < len(given)):
        labels_there, wanted = counted(len(given), "label"), counted(len(runs), "run")
        raise InputError(f"{labels_there} for {wanted}: each run needs a label of its own")
    for run in runs if len(runs) > 1 else ():
        if isinstance(run, str | os.PathLike) and Path(run).is_dir():
            raise InputError(f"{run} is a folder; it can be drawn alone, and beside others a file")
    places = [Path(run) if isinstance(run, str | os.PathLike) else None for run in runs]
    if not given:
        files = iter(names_of([place for place in places if place is not None]))
        others = (f"run {i}" for i in range(1, len(runs) + 1))
        given = [next(others) if place is None else next(files) for place in places]
        given = ["run"] if len(runs) == 1 and places[0] is None else given
    loaded = [
        run if place is None else of_run(place) for run, place in zip(runs, places, strict=True)
    ]
    return dict(zip(given, loaded, strict=True))
