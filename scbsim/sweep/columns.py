"""The columns of all runs in one file: copied from the files of the runs, or a view of those."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.errors import ScbsimError
from scbsim.observables import NAMES, OBSERVABLES
from scbsim.storage.runfile.schema import NORMALIZED, TRAJECTORY
from scbsim.sweep.members import STEPS, Member
from scbsim.sweep.netcdf import Frame, chunks


@dataclass(frozen=True)
class Column:
    """A column of all runs.

    Attributes
    ----------
    name : str
        In the file of all runs.
    source : str
        In that of each, ``trajectory/loss``.
    along : tuple of str
        Dimensions within a run.
    inner : tuple of int
        Their sizes.
    kind, fill, said
        Of its values; what stands where there is no row; its attributes.
    """

    name: str
    source: str
    along: tuple[str, ...]
    inner: tuple[int, ...]
    kind: type[np.generic]
    fill: float
    said: dict[str, str]

    def within(self, rows: slice, shape: tuple[int, ...]) -> tuple[slice | int, ...]:
        """Return where rows of a run, of a shape, are in a column; a single run is one replica."""
        inner = [slice(size) for size in shape[1:]]
        return (rows, *inner, *[0] * (len(self.inner) - len(shape)))

    def room(self, frame: tuple[int, ...], members: Sequence[Member]) -> int:
        """Return the bytes that a copy takes, in whole chunks of the file."""
        chunk = chunks((*frame, *self.inner))
        if chunk is None:
            return 8 * math.prod((*frame, *self.inner))
        rows = chunk[len(frame)]
        taken: dict[tuple[int, ...], int] = {}
        for member in members:
            at = tuple(i // c for i, c in zip(member.run.index, chunk, strict=False))
            count = -(-member.counts[self.source.partition("/")[0]] // rows)
            taken[at] = max(taken.get(at, 0), count)
        across = math.prod(
            -(-n // c) for n, c in zip(self.inner[1:], chunk[len(frame) + 1 :], strict=True)
        )
        return sum(taken.values()) * across * 8 * math.prod(chunk)


def trajectory(along: tuple[str, ...], inner: tuple[int, ...]) -> list[Column]:
    """Return the columns along the rows of runs."""
    words = {"long_name": "stage, from 0; -1 where there is no row"}
    return [
        Column("stage", f"{TRAJECTORY}/stage", along, inner, np.int64, -1, words),
        *(
            Column(o.name, f"{TRAJECTORY}/{o.name}", along, inner, np.float64, np.nan, said)
            for o in OBSERVABLES
            for said in ({"long_name": o.long_name, "units": "1"},)
        ),
    ]


def steps(row: str, rows: int) -> Column:
    """Return the column of the steps of each row, where runs recorded different ones."""
    words = {"long_name": "steps taken; -1 where there is no row"}
    return Column("step", STEPS, (row,), (rows,), np.int64, -1, words)


def normalized(along: tuple[str, ...], inner: tuple[int, ...]) -> list[Column]:
    """Return the columns of the normalised matrices; the last row that counts is of the end."""
    return [
        Column(f"normalized_{name}", f"{NORMALIZED}/{name}", along, inner, kind, fill, {})
        for names, kind, fill in (
            (("step", "stage", "count"), np.int64, -1),
            (NAMES, np.float64, np.nan),
        )
        for name in names
    ]


class Copies:
    """Columns of a file to which runs are copied, in the order of the sweep.

    Runs that share a chunk are gathered and written together.

    Parameters
    ----------
    frame : Frame
        Of the file; the columns are added to it.
    columns : sequence of Column
    """

    def __init__(self, frame: Frame, columns: Sequence[Column]) -> None:
        self._columns = {each.source: _Copy(frame, each) for each in columns}
        self._kinds = {each.source: each.kind for each in columns}

    def add(self, member: Member) -> None:
        """Copy what a run recorded.

        Raises
        ------
        ScbsimError
            If it cannot be read; nothing of it is in the columns then.
        """
        done: list[tuple[str, slice, NDArray[Any]]] = []
        try:
            for source, rows, values in member.pieces(self._kinds):
                self._columns[source].put(member.run.index, rows, values)
                done.append(
                    (source, rows, np.broadcast_to(self._columns[source].fill, values.shape))
                )
        except ScbsimError:
            for source, rows, nothing in done:
                self._columns[source].put(member.run.index, rows, nothing)
            raise

    def finish(self) -> None:
        """Write what has been gathered."""
        for each in self._columns.values():
            each.finish()


class _Copy:
    """A column to which runs are copied."""

    def __init__(self, frame: Frame, column: Column) -> None:
        full = (*frame.shape, *column.inner)
        self._data = frame.add(
            column.name, column.along, np.dtype(column.kind), full, column.fill, column.said
        )
        self._column = column
        self.fill = np.array(column.fill, column.kind)
        chunk = chunks(full) or full
        self._chunk = chunk[: len(frame.shape)]
        # Runs of many rows have chunks of their own.
        self._gathers = chunk[len(frame.shape) :] == column.inner
        self._begin: tuple[int, ...] | None = None
        self._gathered = np.empty(0, column.kind)

    def put(self, index: tuple[int, ...], rows: slice, values: NDArray[Any]) -> None:
        """Take some rows of a run."""
        within = self._column.within(rows, values.shape)
        if not self._gathers:
            self._data[(*index, *within)] = values
            return
        begin = tuple(i - i % n for i, n in zip(index, self._chunk, strict=True))
        if begin != self._begin:
            self.finish()
            room = (
                min(n, size - i)
                for i, n, size in zip(begin, self._chunk, self._data.shape, strict=False)
            )
            self._begin = begin
            self._gathered = np.full((*room, *self._column.inner), self.fill)
        self._gathered[(*np.subtract(index, begin), *within)] = values

    def finish(self) -> None:
        """Write what has been gathered."""
        if self._begin is not None:
            ends = np.add(self._begin, self._gathered.shape[: len(self._begin)])
            self._data[tuple(map(slice, self._begin, ends))] = self._gathered
            self._begin = None


def link(
    frame: Frame, columns: Sequence[Column], members: Sequence[Member], paths: Mapping[str, str]
) -> None:
    """Add columns to a file that are a view of the files of runs, by their names."""
    for each in columns:
        layout = h5py.VirtualLayout((*frame.shape, *each.inner), np.dtype(each.kind))
        for member in members:
            # % begins a pattern in the name of a source.
            path = paths[member.run.name].replace("%", "%%")
            source = h5py.VirtualSource(path, each.source, shape=member.full)
            within = each.within(slice(member.rows), member.full)
            layout[(*member.run.index, *within)] = source[: member.rows]
        frame.link(each.name, each.along, layout, each.fill, each.said)
