"""Observables of a user's own in the file of all runs of a sweep.

Those along `step` share the rows of the other observables. Each other period has a dimension of its
own, with its steps as coordinates, or as a variable where runs have different ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.storage.runfile.observed import observed_in
from scbsim.storage.runfile.schema import OBSERVED, TRAJECTORY
from scbsim.sweep.netcdf import Frame
from scbsim.trajectory.own_observables import STEP, OwnObservable
from scbsim.trajectory.own_rows import aligned

Steps = NDArray[np.int64]


def is_own(source: str) -> bool:
    """Return whether a column, such as ``observed/top1``, is of a user's own."""
    return source.startswith(f"{OBSERVED}/")


@dataclass(frozen=True)
class OwnOfRun:
    """What one run has of them: the descriptions, the rows of the run, the steps by dimension."""

    observables: tuple[OwnObservable, ...]
    rows: int
    steps: Mapping[str, Steps]

    @classmethod
    def of(cls, file: h5py.File, rows: int) -> OwnOfRun:
        """Read them from the file of a run of so many rows."""
        observables = observed_in(file)
        along = {each.along for each in observables}
        return cls(observables, rows, {name: file[OBSERVED][name][()] for name in along})

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each column."""
        found = {f"{OBSERVED}/{along}": len(at) for along, at in self.steps.items()}
        for each in self.observables:
            rows = self.rows if each.along == STEP else len(self.steps[each.along])
            found[f"{OBSERVED}/{each.name}"] = rows
        return found

    def kinds(self) -> dict[str, type[np.generic]]:
        """Return the columns and their types."""
        names = {f"{OBSERVED}/{each.name}": np.float64 for each in self.observables}
        return {**{f"{OBSERVED}/{along}": np.int64 for along in self.steps}, **names}


def read_own(file: h5py.File, source: str, rows: int) -> NDArray[Any]:
    """Return a column of a run, that along `step` as values at the first ``rows`` of its rows."""
    data = file[source]
    if "every" not in data.attrs:
        return np.asarray(data[()])
    along = data.dims[0][0].name
    own = file[along][()]
    values = data[: len(own)]
    if along.rpartition("/")[2] != STEP:
        return np.asarray(values)
    return aligned(file[TRAJECTORY][STEP][:rows], own, values)


@dataclass
class OwnSurvey:
    """What holds the observables of all runs; the first run to have a name says what it is.

    Attributes
    ----------
    observables : dict of str to OwnObservable
    shapes : dict of str to tuple
        The largest shapes of values.
    steps : dict of str to array or None
        By dimension, the steps of all rows; None if runs have different ones.
    sizes : dict of str to int
        By dimension, the most rows of a run.
    left_out : set of str
        Names that are another thing in some run, which has none in the file then.
    changed : set of str
        Names whose function has another text in some run.
    """

    observables: dict[str, OwnObservable] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    steps: dict[str, Steps | None] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)

    def add(self, run: OwnOfRun) -> None:
        """Include a run."""
        for each in run.observables:
            first = self.observables.setdefault(each.name, each)
            if not fits(each, first):
                self.left_out.add(each.name)
                continue
            if each.digest != first.digest:
                self.changed.add(each.name)
            shape = self.shapes.get(each.name, each.shape)
            self.shapes[each.name] = tuple(map(max, shape, each.shape))
        for along, steps in run.steps.items():
            before = self.steps.get(along, steps[:0])
            self.steps[along] = None if before is None else common(before, steps)
            self.sizes[along] = max(self.sizes.get(along, 0), len(steps))

    def name_of(self, along: str) -> str:
        """Return the name of a dimension in the file: ``row_100`` if runs have different steps."""
        return along if self.steps[along] is not None else along.replace(STEP, "row", 1)

    def put_dimensions(self, frame: Frame) -> None:
        """Write the dimensions."""
        for along in self._others():
            steps = self.steps[along]
            if steps is not None:
                frame.scale(along, steps, {"long_name": "steps taken"})
            else:
                said = {"long_name": "recorded row"}
                frame.scale(self.name_of(along), np.arange(self.sizes[along]), said)
        for name, each in self.observables.items():
            for axis, size in zip(each.dimensions, self.shapes[name], strict=True):
                frame.scale(axis, np.arange(size), {})

    def different_steps(self) -> list[str]:
        """Return the dimensions whose steps are a variable."""
        return [along for along in self._others() if self.steps[along] is None]

    def _others(self) -> list[str]:
        return [along for along in self.steps if along != STEP]


def fits(each: OwnObservable, first: OwnObservable) -> bool:
    """Return whether an observable of a run can stand beside that of another run."""
    return (each.along, len(each.shape)) == (first.along, len(first.shape))


def common(a: Steps, b: Steps) -> Steps | None:
    """Return the longer of two arrays if it begins with the other; else None."""
    n = min(len(a), len(b))
    if not np.array_equal(a[:n], b[:n]):
        return None
    return a if len(a) > len(b) else b


def warnings_of(survey: OwnSurvey) -> Iterable[str]:
    """Yield what a user should know of the runs together."""
    if survey.left_out:
        names = ", ".join(sorted(survey.left_out))
        yield (
            f"{names}: runs differ in the period or the number of dimensions of this observable; "
            "the values of those that are not as the first run are left out"
        )
    if survey.changed:
        names = ", ".join(sorted(survey.changed))
        yield (
            f"{names}: the text of this observable's function is not the same in all runs; the "
            "attribute source in the file of each run has it"
        )
