"""Finished runs of a sweep, as far as one file of all of them has to know them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES
from scbsim.spec.sweep import SweepRun
from scbsim.storage.reader import load_quietly, opened
from scbsim.storage.schema import LACKS, TRAJECTORY
from scbsim.sweep.folder import SweepFolder


@dataclass(frozen=True)
class Member:
    """A finished run.

    Attributes
    ----------
    run : SweepRun
    path : Path
    steps : (rows,) int64
    full : tuple of int
        Shape of a column in the file: (rows or more,), or (rows or more, R).
    streams : (R,) int64 or None
        Noise streams of an ensemble.
    normalized : dict of arrays
        (M,), or (M, R).
    numbers : dict
        N, T, Q, K_P, K_Q.
    lacks_steps_before : int
        Before which step its rows are lost; 0 if it has all of them.
    """

    run: SweepRun
    path: Path
    steps: NDArray[np.int64]
    full: tuple[int, ...]
    streams: NDArray[np.int64] | None
    normalized: dict[str, NDArray[Any]]
    numbers: dict[str, float]
    lacks_steps_before: int = 0

    @property
    def rows(self) -> int:
        """Rows that count."""
        return len(self.steps)

    def within(self, ndim: int) -> tuple[slice | int, ...]:
        """Return where its rows are in a column of all runs, of so many dimensions.

        Among ensembles a single run is one of one replica.
        """
        inner = ndim - len(self.run.index)
        if inner == 1:
            return (slice(self.rows),)
        return (slice(self.rows), slice(self.full[1]) if len(self.full) == 2 else 0)


@dataclass(frozen=True)
class Shape:
    """What all runs have room in.

    Attributes
    ----------
    rows, normalizations : int
        Those of the longest.
    replicas : int
        Those of the largest ensemble; 0 if all are single runs.
    steps : (rows,) int64 or None
        The steps of all rows; None where runs recorded different ones.
    streams : (replicas,) int64
        Noise streams; 0, 1, ... where runs have different ones.
    """

    rows: int
    normalizations: int
    replicas: int
    steps: NDArray[np.int64] | None
    streams: NDArray[np.int64]


def members_of(folder: SweepFolder, runs: Iterable[SweepRun]) -> list[Member]:
    """Read what has to be known of finished runs.

    Raises
    ------
    OutputError
        If a file is not there, or not whole.
    """
    return [_member(run, folder.output(run)) for run in runs]


def _member(run: SweepRun, path: Path) -> Member:
    found = load_quietly(path)
    with opened(path) as file:
        full = file[TRAJECTORY][NAMES[0]].shape
    columns = [name for name in found.data_vars if str(name).startswith("normalized_")]
    return Member(
        run,
        path,
        found["step"].values,
        full,
        found["replica"].values if "replica" in found.dims else None,
        # A file has replicas last.
        {str(name).removeprefix("normalized_"): found[name].values.T for name in columns},
        {name: float(found.attrs[name]) for name in ("N", "T", "Q", "K_P", "K_Q")},
        found.attrs.get(LACKS, 0),
    )


def shape_of(members: list[Member]) -> Shape:
    """Return what all of them have room in."""
    longest = max(members, key=lambda member: member.rows)
    shared = all(np.array_equal(member.steps, longest.steps[: member.rows]) for member in members)
    streams = [each.streams for each in members if each.streams is not None]
    replicas = max((len(each) for each in streams), default=0)
    same = len(streams) == len(members) and all(
        np.array_equal(each, streams[0]) for each in streams
    )
    return Shape(
        rows=longest.rows,
        normalizations=max(len(member.normalized["step"]) for member in members),
        replicas=replicas,
        steps=longest.steps if shared else None,
        streams=streams[0] if same and streams else np.arange(replicas),
    )
