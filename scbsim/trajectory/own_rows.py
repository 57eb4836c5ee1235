"""Rows of observables of a user's own, by dimension, and their variables in a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.trajectory.own_observables import STEP, OwnObservable

Values = Mapping[str, NDArray[np.float64]]
"""By name, the values of all replicas after a step, (R, ...)."""


class OwnTable(NamedTuple):
    """Rows along one dimension."""

    steps: NDArray[np.int64]  # (n,)
    columns: dict[str, NDArray[np.float64]]  # by name, (n, R, ...)


class OwnRows:
    """Collects the rows of own observables in memory.

    Parameters
    ----------
    observables : iterable of OwnObservable
    """

    def __init__(self, observables: Iterable[OwnObservable]) -> None:
        self._names: dict[str, list[str]] = {}
        for each in observables:
            self._names.setdefault(each.along, []).append(each.name)
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self._steps: dict[str, list[int]] = {along: [] for along in self._names}
        self._values: dict[str, list[NDArray[np.float64]]] = {
            name: [] for names in self._names.values() for name in names
        }

    def add(self, step: int, values: Values) -> None:
        """Add a row of every dimension whose observables have values; they all have, or none."""
        for along, names in self._names.items():
            if names[0] in values:
                self._steps[along].append(step)
                for name in names:
                    self._values[name].append(values[name])

    def tables(self) -> dict[str, OwnTable]:
        """Return the rows by dimension; a dimension without rows is left out."""
        return {
            along: OwnTable(
                np.array(steps, np.int64),
                {name: np.stack(self._values[name]) for name in self._names[along]},
            )
            for along, steps in self._steps.items()
            if steps
        }

    def nbytes(self) -> int:
        """Return the bytes of all values."""
        return sum(each.nbytes for values in self._values.values() for each in values)


def aligned(
    steps: NDArray[np.int64], own: NDArray[np.int64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return values at ``own`` steps as values at ``steps``, NaN where there is none.

    Parameters
    ----------
    steps, own : (n,) and (m,) int64
        Ascending.
    values : (m, ...) float64
    """
    found = np.full((len(steps), *values.shape[1:]), np.nan)
    if len(steps) and len(own):
        at = np.minimum(np.searchsorted(steps, own), len(steps) - 1)
        there = steps[at] == own
        found[at[there]] = values[there]
    return found


def variables_of(
    observables: Sequence[OwnObservable],
    tables: Mapping[str, OwnTable],
    steps: NDArray[np.int64],
    R: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the variables of a dataset and the coordinates of their dimensions.

    Parameters
    ----------
    tables : mapping of str to OwnTable
        By dimension. Values are (n, R, ...), or (n, ...) of a single run.
    steps : (n,) int64
        Those of the rows of the run.
    """
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}
    for each in observables:
        table = tables.get(each.along)
        own = table.steps if table else np.empty(0, np.int64)
        shape = (len(own), R, *each.shape)
        values = table.columns[each.name].reshape(shape) if table else np.empty(shape)
        if each.along == STEP:
            values = aligned(steps, own, values)
        else:
            label = {"long_name": f"steps taken, of observables every {each.every}"}
            coordinates[each.along] = (each.along, own, label)
        by_replica = ("replica",) if R > 1 else ()
        values = np.swapaxes(values, 0, 1) if R > 1 else values[:, 0]
        said = {"long_name": each.long_name, "units": each.units, "function": each.place}
        variables[each.name] = ((*by_replica, each.along, *each.dimensions), values, said)
    return variables, coordinates
