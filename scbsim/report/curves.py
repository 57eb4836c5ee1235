"""What a page shows of one run or of many: curves, with what varies between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from scbsim.errors import InputError
from scbsim.observables import BATCH_LOSS, NAMES
from scbsim.plotting import bands, style
from scbsim.plotting.overview import PANELS, panel_of
from scbsim.trajectory.views import own_observables, step_dimension
from scbsim.util.text import counted, printable

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[Any]

LOGARITHMIC: Final = 10.0
"""An axis that may be logarithmic is, if its positive values span more than this factor."""


@dataclass(frozen=True)
class Panel:
    """Curves of one observable.

    Attributes
    ----------
    name : str
    title : str
        With mathtext.
    logarithmic : bool
    steps : (n,) or (R, n)
    values : (R, n) float64
        NaN where a curve has no value.
    band : tuple or None
        Curves that have a band, (b,), and its lower and upper ends, (b, n).
    stars : list of (int, float, float)
        Normalised solutions: curve, step, value.
    """

    name: str
    title: str
    logarithmic: bool
    steps: Array
    values: Array
    band: tuple[Array, Array, Array] | None = None
    stars: list[tuple[int, float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Curves:
    """All panels of a page; curve i is the same run in each of them.

    Attributes
    ----------
    labels : list of str
    keys : dict
        What varies between the curves: the value of each of them, numbers or texts.
    panels : list of Panel
    ends : list of float
        Steps at which stages ended.
    notes : list of str
        What a reader should know of the curves.
    x : str
        What the curves are drawn against.
    colors : dict of str to str
        Colours of the values of the first key, if they are not those of the palette.
    """

    labels: list[str]
    keys: dict[str, list[Any]]
    panels: list[Panel]
    ends: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    x: str = "step"
    colors: dict[str, str] = field(default_factory=dict)


def logarithmic(values: Array, allowed: bool) -> bool:
    """Return whether the axis of some values is logarithmic, as :func:`style.scale` chooses it."""
    positive = values[values > 0]
    return bool(allowed and positive.size and positive.max() > LOGARITHMIC * positive.min())


def observables_of(run: xr.Dataset, only: Sequence[str]) -> list[str]:
    """Return the observables of a dataset that have values, or those of ``only``.

    Raises
    ------
    InputError
        If one of ``only`` is not there.
    """
    there = [name for name in (*NAMES, BATCH_LOSS.name) if name in run]
    there += [name for name in own_observables(run) if _is_a_number(run, name)]
    unknown = [name for name in only if name not in there]
    if unknown:
        raise InputError(f'"{unknown[0]}" is not an observable of it; there are {", ".join(there)}')
    return list(only) or [name for name in there if not bool(run[name].isnull().all())]


def _is_a_number(run: xr.Dataset, name: str) -> bool:
    try:
        step_dimension(run, name)
    except InputError:
        # It has several values at each step, or varies along the keys of a sweep.
        return False
    return True


def of_run(run: xr.Dataset, label: str, only: Sequence[str] = ()) -> Curves:
    """Return the curves of a run: A and V in the same panels, as in its picture."""
    names = observables_of(run, only)
    panels = []
    for key, (title, pair, allowed) in _panels(run, names, bool(only)).items():
        there = [name for name in pair if name in names]
        if not there:
            continue
        steps = run[step_dimension(run, there[0])].values
        values = np.full((2, len(steps)), np.nan)
        stars: list[tuple[int, float, float]] = []
        for name in there:
            row = _of_V(name)
            values[row] = style.drawable(run[name].values)
            if f"normalized_{name}" in run:
                found = bands.normalized(run, name)
                stars += [(row, step, float(value.middle)) for step, value in found]
        panels.append(Panel(key, title, logarithmic(values, allowed), steps, values, stars=stars))
    names_of_curves = ["attention matrix A, and the loss", "value matrix V"]
    return Curves(
        labels=[f"{printable(label)}: {name}" for name in names_of_curves],
        keys={"matrix": names_of_curves},
        panels=panels,
        ends=bands.stage_ends(run),
    )


def _of_V(name: str) -> int:
    return int(name in NAMES and name.endswith("_V"))


def _panels(
    run: xr.Dataset, names: Sequence[str], single: bool
) -> Mapping[str, tuple[str, tuple[str, ...], bool]]:
    """Return the panels of a run, in the form of `PANELS`."""
    if single:
        return {name: panel_of(name, {"": run}) for name in names}
    others = [name for name in names if name not in NAMES]
    return {**PANELS, **{name: panel_of(name, {"": run}) for name in others}}


def of_ensemble(run: xr.Dataset, only: Sequence[str] = ()) -> Curves:
    """Return the curves of all replicas, and their median with its band."""
    count = bands.replicas(run)
    panels = []
    for name in observables_of(run, only):
        title, _, allowed = panel_of(name, {"": run})
        along = step_dimension(run, name)
        values = style.drawable(run[name].transpose("replica", along).values)
        low, middle, high = bands.spread(run, name)
        whole = np.concatenate([values, middle[None]])
        band = (np.array([count]), low[None], high[None])
        scale = logarithmic(whole, allowed)
        panels.append(Panel(name, title, scale, run[along].values, whole, band))
    median = f"median and 10-90% of {counted(count, 'replica')}"
    replicas = run["replica"].values.tolist()
    return Curves(
        labels=[*(f"replica {i}" for i in replicas), median],
        keys={
            "replica": [*replicas, "all"],
            "curve": [*["replica"] * count, median],
            "status": [*run["replica_status"].values.tolist(), "all"],
        },
        panels=panels,
        ends=bands.stage_ends(run),
        colors={"replica": style.SKY, median: style.BLACK},
    )


def of_files(runs: Mapping[str, xr.Dataset], only: Sequence[str] = ()) -> Curves:
    """Return a curve for each of several runs; of an ensemble the median over its replicas."""
    names: list[str] = []
    for run in runs.values():
        names += [name for name in observables_of(run, ()) if name not in names]
    if unknown := [name for name in only if name not in names]:
        raise InputError(f'"{unknown[0]}" is not an observable of it; there are {", ".join(names)}')
    panels = []
    for name in only or names:
        title, _, allowed = panel_of(name, runs)
        columns = [_median(run, name) for run in runs.values()]
        longest = max(len(steps) for steps, _ in columns)
        steps, values = np.full((2, len(runs), longest), np.nan)
        for i, (own, column) in enumerate(columns):
            steps[i, : len(own)], values[i, : len(own)] = own, column
        panels.append(Panel(name, title, logarithmic(values, allowed), steps, values))
    sizes = {label: bands.replicas(run) for label, run in runs.items()}
    note = [f"Of an ensemble ({', '.join(k for k, n in sizes.items() if n)}) the median is shown."]
    labels = [f"{label}{bands.status_note(run)}" for label, run in runs.items()]
    return Curves(
        labels=[printable(label) for label in labels],
        keys={"file": [printable(label) for label in runs]},
        panels=panels,
        notes=note if any(sizes.values()) else [],
    )


def _median(run: xr.Dataset, name: str) -> tuple[Array, Array]:
    if name not in run:
        return np.zeros(0), np.zeros(0)
    return run[step_dimension(run, name)].values, bands.spread(run, name).middle
