"""What the file of all runs needs to know of each finished run of a sweep."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.errors import OutputError
from scbsim.observables import BATCH_LOSS, NAMES
from scbsim.spec.sweep import SweepRun
from scbsim.storage.collection import rows_of
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.runfile.lacking import lacks_steps_before
from scbsim.storage.runfile.reader import opened
from scbsim.storage.runfile.schema import NORMALIZED, TASK, TRAJECTORY
from scbsim.storage.runfile.tables import is_ensemble
from scbsim.sweep.own_columns import OwnOfRun, OwnSurvey, common, fits, is_own, read_own
from scbsim.trajectory.tables import filled_rows

STEPS = f"{TRAJECTORY}/step"
NUMBERS = ("N", "T", "Q", "K_P", "K_Q")
_BLOCK = 2**20
"""Values of a column that are in memory at a time."""

_KEPT = 2**23
"""Values of all small runs together that are kept in memory, so that no file is opened twice."""


@dataclass(frozen=True)
class Member:
    """A finished run."""

    run: SweepRun
    path: Path
    uuid: str
    counts: dict[str, int]  # rows of `trajectory`, of `normalized`, and of single columns
    full: tuple[int, ...]  # shape of a column in the file: (rows or more,), or (rows or more, R)
    numbers: dict[str, float]  # N, T, Q, K_P, K_Q
    lacks_steps_before: int = 0  # the rows before this step are lost; 0 if none are
    kept: dict[str, NDArray[Any]] = field(default_factory=dict)  # columns in memory

    @property
    def rows(self) -> int:
        """Committed rows of the trajectory."""
        return self.counts[TRAJECTORY]

    def rows_in(self, column: str) -> int:
        """Return the number of rows of a column, such as ``trajectory/loss``; 0 without it."""
        return _rows_in(self.counts, column)

    def blocks(
        self, kinds: Mapping[str, type[np.generic]]
    ) -> Iterator[tuple[str, slice, NDArray[Any]]]:
        """Read columns in blocks of rows; yield the name of the column, the rows, and the values.

        ``kinds`` maps names of columns, such as ``trajectory/loss``, to the type to read; those of
        a user's own may be missing. The file is opened at most once. Raise OutputError if the
        columns cannot be read.
        """
        kinds = {name: kind for name, kind in kinds.items() if self.rows_in(name)}
        if kinds.keys() <= self.kept.keys():
            for name in kinds:
                yield name, slice(0, len(self.kept[name])), self.kept[name]
            return
        with opened(self.path) as file:
            if text(file.attrs, "run_uuid") != self.uuid:
                raise OutputError(f"{self.path} was replaced by another run meanwhile")
            for name, kind in kinds.items():
                count = self.rows_in(name)
                if is_own(name):
                    yield name, slice(0, count), read_own(file, name, count)
                    continue
                at_once = max(1, _BLOCK // math.prod(self.full[1:]))
                for begin in range(0, count, at_once):
                    rows = slice(begin, min(count, begin + at_once))
                    yield name, rows, rows_of(file, name, rows, kind)


class InspectedRun(NamedTuple):
    """A finished run, its steps, its noise streams, and the number of values of its columns."""

    member: Member
    steps: NDArray[np.int64] | None
    streams: list[int] | None
    size: int
    own: OwnOfRun


@dataclass
class Survey:
    """The sizes that hold all runs, found by reading one run after the other.

    Attributes
    ----------
    kinds : mapping
        Columns that are read of each run, and their types.
    members : list of Member
    rows, normalizations : int
        Largest numbers over the runs.
    replicas : int
        Those of the largest ensemble; 0 if all are single runs.
    steps : (rows,) int64 or None
        The steps of all rows; None if runs recorded different steps.
    own : OwnSurvey
        The observables of a user's own.
    has_batch_loss : bool
        Whether any run was handed its batches, and so has their losses.
    """

    kinds: Mapping[str, type[np.generic]]
    members: list[Member] = field(default_factory=list)
    rows: int = 0
    normalizations: int = 0
    replicas: int = 0
    steps: NDArray[np.int64] | None = field(default_factory=lambda: np.empty(0, np.int64))
    own: OwnSurvey = field(default_factory=OwnSurvey)
    has_batch_loss: bool = False
    _streams: list[int] | None = None
    _same_streams: bool = True
    _left: int = field(default_factory=lambda: _KEPT)

    @property
    def streams(self) -> NDArray[np.int64]:
        """Noise streams of the replicas; 0, 1, ... if they differ between runs."""
        same = self._same_streams and self._streams is not None
        return np.array(self._streams if same else range(self.replicas), np.int64)

    def inspect(self, run: SweepRun, path: Path, file: h5py.File) -> InspectedRun:
        """Read a finished run, without adding it; a damaged file raises any error of h5py."""
        group, numbers = file[TRAJECTORY], file[TASK].attrs
        full = group[NAMES[0]].shape
        streams = group["replica"][()].tolist() if is_ensemble(file) else None
        counts = {
            TRAJECTORY: int(group["n_committed"][()]),
            NORMALIZED: _normalizations(file[NORMALIZED]["step"]),
        }
        own = OwnOfRun.of(file, counts[TRAJECTORY])
        counts |= own.counts()
        if BATCH_LOSS.name not in group:
            counts[f"{TRAJECTORY}/{BATCH_LOSS.name}"] = 0
        size = sum(_rows_in(counts, name) for name in self.kinds) * math.prod(full[1:])
        size += sum(file[name].size for name in own.kinds())
        kept = {}
        if size <= self._left:
            kept = {
                name: rows_of(file, name, slice(0, _rows_in(counts, name)), kind)
                for name, kind in self.kinds.items()
                if _rows_in(counts, name)
            }
            kept |= {name: read_own(file, name, counts[name]) for name in own.kinds()}
        steps = kept.get(STEPS)
        if steps is None and self.steps is not None:
            steps = group["step"][: counts[TRAJECTORY]]
        facts = {name: float(numbers[name]) for name in NUMBERS}
        uuid, lacks = text(file.attrs, "run_uuid"), lacks_steps_before(file)
        member = Member(run, path, uuid, counts, full, facts, lacks, kept)
        return InspectedRun(member, steps, streams, size, own)

    def add(self, found: InspectedRun) -> None:
        """Include a run."""
        member, streams = found.member, found.streams
        if self.steps is not None and found.steps is not None:
            self.steps = common(found.steps, self.steps)
        self._left -= found.size if member.kept else 0
        self._same_streams &= not self.members or streams == self._streams
        self._streams = streams
        self.has_batch_loss |= member.rows_in(f"{TRAJECTORY}/{BATCH_LOSS.name}") > 0
        self.own.add(found.own)
        for each in found.own.observables:
            if not fits(each, self.own.observables[each.name]):
                del member.counts[f"observed/{each.name}"]
        self.members.append(member)
        self.rows = max(self.rows, member.rows)
        self.normalizations = max(self.normalizations, member.counts[NORMALIZED])
        self.replicas = max(self.replicas, len(streams or ()))


def _rows_in(counts: Mapping[str, int], column: str) -> int:
    """Return the number of rows of a column, such as ``trajectory/loss``; 0 without it."""
    of_group = 0 if is_own(column) else counts[column.partition("/")[0]]
    return counts.get(column, of_group)


def _normalizations(steps: h5py.Dataset) -> int:
    """Return the number of rows of the normalised matrices; later ones may be unused."""
    return len(steps) if steps.ndim == 1 else filled_rows(steps[()])
