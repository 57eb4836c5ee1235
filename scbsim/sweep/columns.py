"""The columns of all runs in one file: copies, or a view of the files of the runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.errors import ScbsimError
from scbsim.observables import BATCH_LOSS, NAMES, OBSERVABLES
from scbsim.storage.runfile.schema import NORMALIZED, OBSERVED, TRAJECTORY
from scbsim.sweep.members import STEPS, Member
from scbsim.sweep.netcdf import Frame, chunks
from scbsim.sweep.own_columns import OwnSurvey
from scbsim.trajectory.own_observables import STEP


@dataclass(frozen=True)
class Column:
    """A column of all runs."""

    name: str  # in the file of all runs
    source: str  # in the file of each run: trajectory/loss
    along: tuple[str, ...]  # dimensions within a run
    inner: tuple[int, ...]  # their sizes
    kind: type[np.generic]
    fill: float  # the value where there is no row
    attributes: dict[str, str]  # of the variable

    def within(self, rows: slice, shape: tuple[int, ...]) -> tuple[slice | int, ...]:
        """Return the index of rows of a run, of a shape; a single run is replica 0."""
        inner = [slice(size) for size in shape[1:]]
        return (rows, *inner, *[0] * (len(self.inner) - len(shape)))

    def bytes_needed(self, frame: tuple[int, ...], members: Sequence[Member]) -> int:
        """Return the bytes of a copy, in whole chunks of the file."""
        chunk = chunks((*frame, *self.inner))
        if chunk is None:
            return 8 * math.prod((*frame, *self.inner))
        rows = chunk[len(frame)]
        used: dict[tuple[int, ...], int] = {}
        for member in members:
            at = tuple(i // c for i, c in zip(member.run.index, chunk, strict=False))
            count = -(-member.rows_in(self.source) // rows)
            used[at] = max(used.get(at, 0), count)
        across = math.prod(
            -(-n // c) for n, c in zip(self.inner[1:], chunk[len(frame) + 1 :], strict=True)
        )
        return sum(used.values()) * across * 8 * math.prod(chunk)


def trajectory(along: tuple[str, ...], inner: tuple[int, ...], batch_loss: bool) -> list[Column]:
    """Return the columns along the rows of runs, with the losses of batches on request."""
    stage = {"long_name": "stage, from 0; -1 where there is no row"}
    columns = [Column("stage", f"{TRAJECTORY}/stage", along, inner, np.int64, -1, stage)]
    for o in (*OBSERVABLES, *([BATCH_LOSS] if batch_loss else [])):
        attributes = {"long_name": o.long_name, "units": "1"}
        source = f"{TRAJECTORY}/{o.name}"
        columns.append(Column(o.name, source, along, inner, np.float64, np.nan, attributes))
    return columns


def steps(row: str, rows: int) -> Column:
    """Return the column of the step of each row, for runs that recorded different steps."""
    attributes = {"long_name": "steps taken; -1 where there is no row"}
    return Column("step", STEPS, (row,), (rows,), np.int64, -1, attributes)


def normalized(along: tuple[str, ...], inner: tuple[int, ...]) -> list[Column]:
    """Return the columns of the normalised matrices; the last row of a run is of its end."""
    kinds: dict[str, tuple[type[np.generic], float]] = {
        **dict.fromkeys(("step", "stage", "count"), (np.int64, -1)),
        **dict.fromkeys(NAMES, (np.float64, np.nan)),
    }
    return [
        Column(f"normalized_{name}", f"{NORMALIZED}/{name}", along, inner, kind, fill, {})
        for name, (kind, fill) in kinds.items()
    ]


def observed(
    survey: OwnSurvey, row: tuple[str, int], replica: tuple[str, ...], replicas: tuple[int, ...]
) -> list[Column]:
    """Return the columns of a user's own observables; ``row`` is the dimension of other rows."""
    columns = [
        Column(
            along,
            f"{OBSERVED}/{along}",
            (survey.name_of(along),),
            (survey.sizes[along],),
            np.int64,
            -1,
            {"long_name": "steps taken; -1 where there is no row"},
        )
        for along in survey.different_steps()
    ]
    for name, each in survey.observables.items():
        at, rows = row if each.along == STEP else (survey.name_of(each.along), 0)
        rows = rows or survey.sizes[each.along]
        along = (at, *replica, *each.dimensions)
        inner = (rows, *replicas, *survey.shapes[name])
        said = {"long_name": each.long_name, "units": each.units, "function": each.place}
        source = f"{OBSERVED}/{name}"
        columns.append(Column(name, source, along, inner, np.float64, np.nan, said))
    return columns


class Copies:
    """Columns of a file to which runs are copied, in the order of the sweep.

    Runs that share a chunk are buffered and written together. The columns are added to the file of
    ``frame``.
    """

    def __init__(self, frame: Frame, columns: Sequence[Column]) -> None:
        self._columns = {each.source: _Copy(frame, each) for each in columns}
        self._kinds = {each.source: each.kind for each in columns}

    def add(self, member: Member) -> None:
        """Copy what a run recorded.

        Raise ScbsimError if it cannot be read; the columns then have none of its rows.
        """
        done: list[tuple[str, slice, tuple[int, ...]]] = []
        try:
            for source, rows, values in member.blocks(self._kinds):
                self._columns[source].put(member.run.index, rows, values)
                done.append((source, rows, values.shape))
        except ScbsimError:
            for source, rows, shape in done:
                column = self._columns[source]
                column.put(member.run.index, rows, np.broadcast_to(column.fill, shape))
            raise

    def finish(self) -> None:
        """Write what is buffered."""
        for each in self._columns.values():
            each.finish()


class _Copy:
    """A column to which runs are copied."""

    def __init__(self, frame: Frame, column: Column) -> None:
        full = (*frame.shape, *column.inner)
        kind = np.dtype(column.kind)
        self._data = frame.add(
            column.name, column.along, kind, full, column.fill, column.attributes
        )
        self._column = column
        self.fill = np.array(column.fill, column.kind)
        chunk = chunks(full) or full
        self._chunk = chunk[: len(frame.shape)]
        # A run of many rows has chunks that it shares with no other run.
        self._shares_chunks = chunk[len(frame.shape) :] == column.inner
        self._begin: tuple[int, ...] | None = None
        self._buffer = np.empty(0, column.kind)

    def put(self, index: tuple[int, ...], rows: slice, values: NDArray[Any]) -> None:
        """Store rows of a run."""
        if values.ndim < len(self._column.inner):
            # A single run among ensembles is replica 0.
            values = values[:, None]
        within = self._column.within(rows, values.shape)
        if not self._shares_chunks:
            self._data[(*index, *within)] = values
            return
        begin = tuple(i - i % n for i, n in zip(index, self._chunk, strict=True))
        if begin != self._begin:
            self.finish()
            shape = (
                min(n, size - i)
                for i, n, size in zip(begin, self._chunk, self._data.shape, strict=False)
            )
            self._begin = begin
            self._buffer = np.full((*shape, *self._column.inner), self.fill)
        self._buffer[(*np.subtract(index, begin), *within)] = values

    def finish(self) -> None:
        """Write what is buffered."""
        if self._begin is not None:
            ends = np.add(self._begin, self._buffer.shape[: len(self._begin)])
            self._data[tuple(map(slice, self._begin, ends))] = self._buffer
            self._begin = None


def link(
    frame: Frame, columns: Sequence[Column], members: Sequence[Member], paths: Mapping[str, str]
) -> None:
    """Add columns that are a view of the files of runs; ``paths`` has those by run name."""
    for each in columns:
        layout = h5py.VirtualLayout((*frame.shape, *each.inner), np.dtype(each.kind))
        for member in members:
            if not member.rows_in(each.source):
                continue
            # HDF5 interprets % in the name of a source as a pattern.
            path = paths[member.run.name].replace("%", "%%")
            source = h5py.VirtualSource(path, each.source, shape=member.full)
            within = each.within(slice(member.rows), member.full)
            layout[(*member.run.index, *within)] = source[: member.rows]
        frame.link(each.name, each.along, layout, each.fill, each.attributes)
