"""Finished runs of a sweep, as far as one file of all of them has to know them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from scbsim.errors import OutputError
from scbsim.observables import NAMES
from scbsim.spec.sweep import SweepRun
from scbsim.storage.collection import rows_of
from scbsim.storage.ensemble_reader import is_ensemble
from scbsim.storage.lacking import lacks_steps_before
from scbsim.storage.reader import opened
from scbsim.storage.schema import NORMALIZED, TASK, TRAJECTORY
from scbsim.storage.text import text

NUMBERS = ("N", "T", "Q", "K_P", "K_Q")
_PIECE = 2**20
"""Values that are in memory at a time."""


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
    """

    run: SweepRun
    path: Path
    uuid: str
    counts: dict[str, int]
    full: tuple[int, ...]
    numbers: dict[str, float]
    lacks_steps_before: int = 0

    @property
    def rows(self) -> int:
        """Rows of the trajectory that count."""
        return self.counts[TRAJECTORY]

    def pieces(
        self, kinds: Mapping[str, type[np.generic]]
    ) -> Iterator[tuple[str, slice, NDArray[Any]]]:
        """Read columns, ``trajectory/loss``, from one opening of the file, a piece at a time.

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
        with opened(self.path) as file:
            if text(file.attrs, "run_uuid") != self.uuid:
                raise OutputError(f"{self.path} was replaced by another run meanwhile")
            for name, kind in kinds.items():
                count = self.counts[name.partition("/")[0]]
                at_once = max(1, _PIECE // math.prod(self.full[1:]))
                for begin in range(0, count, at_once):
                    here = slice(begin, min(count, begin + at_once))
                    yield name, here, rows_of(file, name, here, kind)


@dataclass
class Survey:
    """What all runs have room in, found by looking at one after the other.

    Attributes
    ----------
    members : list of Member
    rows, normalizations : int
        Those of the longest.
    replicas : int
        Those of the largest ensemble; 0 if all are single runs.
    """

    members: list[Member] = field(default_factory=list)
    rows: int = 0
    normalizations: int = 0
    replicas: int = 0
    _steps: NDArray[np.int64] | None = field(default_factory=lambda: np.empty(0, np.int64))
    _streams: list[int] | None = None
    _same_streams: bool = True

    @property
    def steps(self) -> NDArray[np.int64] | None:
        """The steps of all rows; None where runs recorded different ones."""
        return self._steps

    @property
    def streams(self) -> NDArray[np.int64]:
        """Noise streams of the replicas; 0, 1, ... where runs have different ones."""
        same = self._same_streams and self._streams is not None
        return np.array(self._streams if same else range(self.replicas), np.int64)

    def add(self, run: SweepRun, path: Path) -> None:
        """Look at a finished run.

        Raises
        ------
        OutputError
            If its file is not there, or not whole; it does not count then.
        """
        with opened(path) as file:
            group, numbers = file[TRAJECTORY], file[TASK].attrs
            rows = int(group["n_committed"][()])
            streams = group["replica"][()].tolist() if is_ensemble(file) else None
            steps = None if self._steps is None else self._common(group["step"][:rows])
            member = Member(
                run,
                path,
                text(file.attrs, "run_uuid"),
                {TRAJECTORY: rows, NORMALIZED: _normalizations(file[NORMALIZED])},
                group[NAMES[0]].shape,
                {name: float(numbers[name]) for name in NUMBERS},
                lacks_steps_before(file),
            )
        self._steps = steps
        self._same_streams &= not self.members or streams == self._streams
        self._streams = streams
        self.members.append(member)
        self.rows = max(self.rows, rows)
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
