"""Observables of a user's own in a file: `/observed`.

A dataset for each along its dimension, `step` or such as `step_100`, whose steps are written last:
a row counts once its step is on file. Attributes have the function's text, so that no reader needs
or runs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import h5py
import numpy as np

from scbsim.storage.hdf5.attributes import fill_text, put_text, reserve_text, text
from scbsim.storage.hdf5.dimensions import name_dimensions
from scbsim.storage.runfile.schema import MOST_CHUNK_VALUES, OBSERVED, REPLICA, chunk_rows
from scbsim.trajectory.own_observables import OwnObservable
from scbsim.trajectory.own_rows import OwnRows, OwnTable, Values

if TYPE_CHECKING:
    from scbsim.trajectory.header import RunHeader

_FAILED, _FAILED_BYTES = "failed", 256
"""Attribute of the group: which observable ended the run, and when; mostly empty."""

_TEXTS = ("units", "long_name", "function", "digest", "source")


def make_observed(file: h5py.File, header: RunHeader) -> None:
    """Create the group with empty datasets, if a run has observables of a user's own."""
    if not header.observed:
        return
    group, R = file.create_group(OBSERVED), header.spec.dynamics.replicas
    reserve_text(group.attrs, _FAILED, _FAILED_BYTES)
    for each in header.observed:
        rows = chunk_rows(header.spec.total_steps // each.every + 2)
        if each.along not in group:
            steps = group.create_dataset(
                each.along, (0,), np.int64, maxshape=(None,), chunks=(rows,)
            )
            put_text(steps.attrs, long_name="steps taken")
            steps.make_scale(each.along)
        wide = (*((R,) if R > 1 else ()), *each.shape)
        chunk = max(1, min(rows, MOST_CHUNK_VALUES // max(1, int(np.prod(wide)))))
        data = group.create_dataset(
            each.name,
            shape=(0, *wide),
            maxshape=(None, *wide),
            chunks=(chunk, *wide),
            dtype=np.float64,
            fillvalue=np.nan,
        )
        by_replica = (REPLICA,) if R > 1 else ()
        name_dimensions(file, data, (group[each.along], *by_replica, *each.dimensions))
        _put_texts(data, each)
        data.attrs["every"] = np.int64(each.every)


def _put_texts(data: h5py.Dataset, each: OwnObservable) -> None:
    texts = {name: getattr(each, name) for name in _TEXTS}
    put_text(data.attrs, **{name: value for name, value in texts.items() if value})


def failed_observable(file: h5py.File) -> str:
    """Return which observable ended the run of a file, and when; empty if none did."""
    return text(file[OBSERVED].attrs, _FAILED) if OBSERVED in file else ""


def put_failed_observable(file: h5py.File, what: str) -> None:
    """Write which observable ended the run; an empty text once it goes on."""
    if OBSERVED in file:
        fill_text(file[OBSERVED].attrs, _FAILED, what)


def replace_texts(file: h5py.File, observed: Iterable[OwnObservable], step: int) -> None:
    """Write the texts of functions that have changed, in a file open for writing only.

    The text of the values up to ``step`` is kept as the attribute ``source_until_6`` if that is 6.
    """
    there = {each.name: each for each in observed_in(file)}
    for each in observed:
        if each.digest == there[each.name].digest:
            continue
        data = file[OBSERVED][each.name]
        for name in _TEXTS:
            if name in data.attrs:
                del data.attrs[name]
        _put_texts(data, each)
        if before := there[each.name].source:
            put_text(data.attrs, **{f"source_until_{step}": before})


def observed_in(file: h5py.File) -> tuple[OwnObservable, ...]:
    """Return the observables of a user's own that a file has."""
    return tuple(_observed_in(file))


def _observed_in(file: h5py.File) -> Iterator[OwnObservable]:
    first = 2 if REPLICA in file["trajectory"] else 1
    for name, data in file[OBSERVED].items() if OBSERVED in file else ():
        if "every" in data.attrs:
            texts = {key: text(data.attrs, key) if key in data.attrs else "" for key in _TEXTS}
            along = data.dims[0][0].name.rpartition("/")[2]
            every = int(data.attrs["every"])
            yield OwnObservable(
                name=name, every=every, along=along, shape=data.shape[first:], **texts
            )


def read_observed(file: h5py.File) -> tuple[tuple[OwnObservable, ...], dict[str, OwnTable]]:
    """Return the observables of a user's own, and their rows by dimension.

    Values are (n, R, ...), or (n, ...) of a single run.
    """
    observables, tables = observed_in(file), {}
    for along in dict.fromkeys(each.along for each in observables):
        columns = {
            each.name: file[OBSERVED][each.name] for each in observables if each.along == along
        }
        # A row that is being written may lack some columns.
        n = min(len(data) for data in (file[OBSERVED][along], *columns.values()))
        steps = file[OBSERVED][along][:n]
        tables[along] = OwnTable(steps, {name: data[:n] for name, data in columns.items()})
    return observables, tables


class ObservedWriter:
    """Writes the rows of observables of a user's own, from the cursors of their dimensions on.

    Parameters
    ----------
    file : h5py.File
    at : dict of str to int
        Rows that the run has recorded, by dimension; advanced by :meth:`commit`.
    """

    def __init__(self, file: h5py.File, at: dict[str, int]) -> None:
        self._group = file.get(OBSERVED, {})
        self._rows, self._at = OwnRows(observed_in(file)), at
        self.differs = False

    def add(self, step: int, values: Values) -> None:
        """Buffer the values after a step."""
        self._rows.add(step, values)

    def cursors(self) -> dict[str, int]:
        """Return the rows recorded by dimension, written or not."""
        more = {along: len(table.steps) for along, table in self._rows.tables().items()}
        return self._at | {along: self._at.get(along, 0) + n for along, n in more.items()}

    def nbytes(self) -> int:
        """Return the bytes that are buffered."""
        return self._rows.nbytes()

    def write(self) -> None:
        """Write the values; ``differs`` says whether values computed again are not the same."""
        for along, table in self._rows.tables().items():
            begin = self._at.get(along, 0)
            there = min(len(self._group[along]), begin + len(table.steps)) - begin
            for name, values in table.columns.items():
                data = self._group[name]
                rows = values.reshape(len(values), *data.shape[1:])
                if there > 0 and len(data) >= begin + there:
                    before = data[begin : begin + there]
                    self.differs |= before.tobytes() != rows[:there].tobytes()
                _put(data, begin, rows)

    def commit(self) -> bool:
        """Write the steps, which make the values count; return whether there were any."""
        tables: Mapping[str, OwnTable] = self._rows.tables()
        for along, table in tables.items():
            begin = self._at.get(along, 0)
            _put(self._group[along], begin, table.steps)
            self._at[along] = begin + len(table.steps)
        self._rows.clear()
        return bool(tables)


def _put(data: h5py.Dataset, begin: int, rows: np.ndarray) -> None:
    if len(data) < begin + len(rows):
        data.resize(begin + len(rows), axis=0)
    data[begin : begin + len(rows)] = rows


def cursors_before_end(file: h5py.File) -> dict[str, int]:
    """Return the rows of each dimension without one that is there only because the run ended."""
    found = {}
    for each in observed_in(file):
        steps = file[OBSERVED][each.along]
        extra = len(steps) > 0 and int(steps[-1]) % each.every != 0
        found[each.along] = len(steps) - int(extra)
    return found


def forget_observed(file: h5py.File, at: Mapping[str, int]) -> None:
    """Remove rows beyond those that a run has recorded, from a file open for writing only."""
    for each in observed_in(file):
        for name in (each.along, each.name):
            data = file[OBSERVED][name]
            data.resize(min(at.get(each.along, 0), len(data)), axis=0)
