"""Finished runs of a sweep, as far as one file of all of them has to know them."""

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
from scbsim.observables import NAMES
from scbsim.spec.sweep import SweepRun
from scbsim.storage.collection import rows_of
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.runfile.lacking import lacks_steps_before
from scbsim.storage.runfile.reader import opened
from scbsim.storage.runfile.schema import NORMALIZED, TASK, TRAJECTORY
from scbsim.storage.runfile.tables import is_ensemble

STEPS = f"{TRAJECTORY}/step"
NUMBERS = ("N", "T", "Q", "K_P", "K_Q")
_PIECE = 2**20
"""Values of a column that are in memory at a time."""

_KEPT = 2**23
"""Values of all small runs together that stay in memory, so that no file is opened twice."""


@dataclass(frozen=True)
class Member:
    """A finished run.

    Attributes
    ----------
    run : SweepRun
    path : Path
    uuid : str
        The name that no other run has.
    counts : dict
        Rows that count: of ``trajectory``, and of ``normalized``.
    full : tuple of int
        Shape of a column in the file: (rows or more,), or (rows or more, R).
    numbers : dict
        N, T, Q, K_P, K_Q.
    lacks_steps_before : int
        Before which step its rows are lost; 0 if it has all of them.
    kept : dict
        Columns that are in memory, by their names.
    """

    run: SweepRun
    path: Path
    uuid: str
    counts: dict[str, int]
    full: tuple[int, ...]
    numbers: dict[str, float]
    lacks_steps_before: int = 0
    kept: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of the trajectory that count."""
        return self.counts[TRAJECTORY]

    def pieces(
        self, kinds: Mapping[str, type[np.generic]]
    ) -> Iterator[tuple[str, slice, NDArray[Any]]]:
        """Read columns, ``trajectory/loss``, a piece at a time; of a file, in one opening.

        Parameters
        ----------
        kinds : mapping
            What they are read as, by their names.

        Yields
        ------
        name, rows, values
            Rows of a column.

        Raises
        ------
        OutputError
            If they cannot be read.
        """
        if kinds.keys() <= self.kept.keys():
            for name in kinds:
                yield name, slice(0, len(self.kept[name])), self.kept[name]
            return
        with opened(self.path) as file:
            if text(file.attrs, "run_uuid") != self.uuid:
                raise OutputError(f"{self.path} was replaced by another run meanwhile")
            for name, kind in kinds.items():
                count = self.counts[name.partition("/")[0]]
                at_once = max(1, _PIECE // math.prod(self.full[1:]))
                for begin in range(0, count, at_once):
                    here = slice(begin, min(count, begin + at_once))
                    yield name, here, rows_of(file, name, here, kind)


class Look(NamedTuple):
    """A finished run as it was seen, with its steps and its noise streams."""

    member: Member
    steps: NDArray[np.int64] | None
    streams: list[int] | None
    size: int


@dataclass
class Survey:
    """What all runs have room in, found by looking at one after the other.

    Attributes
    ----------
    kinds : mapping
        Columns that are to be read of each, and as what.
    members : list of Member
    rows, normalizations : int
        Those of the longest.
    replicas : int
        Those of the largest ensemble; 0 if all are single runs.
    """

    kinds: Mapping[str, type[np.generic]]
    members: list[Member] = field(default_factory=list)
    rows: int = 0
    normalizations: int = 0
    replicas: int = 0
    _steps: NDArray[np.int64] | None = field(default_factory=lambda: np.empty(0, np.int64))
    _streams: list[int] | None = None
    _same_streams: bool = True
    _left: int = field(default_factory=lambda: _KEPT)

    @property
    def steps(self) -> NDArray[np.int64] | None:
        """The steps of all rows; None where runs recorded different ones."""
        return self._steps

    @property
    def streams(self) -> NDArray[np.int64]:
        """Noise streams of the replicas; 0, 1, ... where runs have different ones."""
        same = self._same_streams and self._streams is not None
        return np.array(self._streams if same else range(self.replicas), np.int64)

    def look(self, run: SweepRun, path: Path, file: h5py.File) -> Look:
        """Look at a finished run.

        Raises
        ------
        Exception
            Of HDF5 and h5py, if it is not whole.
        """
        group, numbers = file[TRAJECTORY], file[TASK].attrs
        full = group[NAMES[0]].shape
        streams = group["replica"][()].tolist() if is_ensemble(file) else None
        counts = {
            TRAJECTORY: int(group["n_committed"][()]),
            NORMALIZED: _normalizations(file[NORMALIZED]),
        }
        size = sum(counts[name.partition("/")[0]] for name in self.kinds) * math.prod(full[1:])
        kept = {}
        if size <= self._left:
            kept = {
                name: rows_of(file, name, slice(0, counts[name.partition("/")[0]]), kind)
                for name, kind in self.kinds.items()
            }
        steps = kept.get(STEPS)
        if steps is None and self._steps is not None:
            steps = group["step"][: counts[TRAJECTORY]]
        facts = {name: float(numbers[name]) for name in NUMBERS}
        uuid, lacks = text(file.attrs, "run_uuid"), lacks_steps_before(file)
        return Look(Member(run, path, uuid, counts, full, facts, lacks, kept), steps, streams, size)

    def add(self, found: Look) -> None:
        """Count a run in."""
        member, streams = found.member, found.streams
        if self._steps is not None and found.steps is not None:
            self._steps = self._common(found.steps)
        self._left -= found.size if member.kept else 0
        self._same_streams &= not self.members or streams == self._streams
        self._streams = streams
        self.members.append(member)
        self.rows = max(self.rows, member.rows)
        self.normalizations = max(self.normalizations, member.counts[NORMALIZED])
        self.replicas = max(self.replicas, len(streams or ()))

    def _common(self, steps: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Return the longer steps of two, if the others are their beginning."""
        assert self._steps is not None
        n = min(len(steps), len(self._steps))
        if not np.array_equal(steps[:n], self._steps[:n]):
            return None
        return steps if len(steps) > len(self._steps) else self._steps


def _normalizations(group: h5py.Group) -> int:
    """Return how many rows of the normalised matrices count."""
    steps = group["step"]
    if steps.ndim == 1:
        return len(steps)
    # Some may be of stages that no replica came to the end of.
    used = np.flatnonzero((steps[()] >= 0).any(axis=1))
    return int(used[-1]) + 1 if len(used) else 0
