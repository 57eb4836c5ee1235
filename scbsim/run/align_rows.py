"""From what each replica did in a block to rows of an ensemble, which they have in common."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.observables import NAMES
from scbsim.run.replica import ReplicaBlock


class Rows(NamedTuple):
    """Rows that are recorded.

    Attributes
    ----------
    steps : (n,) int64
    stages : (n, R) int64
        The stage that took the step; -1 where the replica has ended before.
    rows : (n, R, 9) float64
        Observables after it; NaN there.
    """

    steps: NDArray[np.int64]
    stages: NDArray[np.int64]
    rows: NDArray[np.float64]


def align_rows(blocks: Mapping[int, ReplicaBlock], replicas: int, steps: NDArray[np.int64]) -> Rows:
    """Pick rows of a block.

    Parameters
    ----------
    stretches : mapping of int to ReplicaBlock
        By replica, all with the same start.
    replicas : int
        How many there are, ended or not.
    steps : (n,) int64
        Those to pick, ascending, from the start on.
    """
    shape = (len(steps), replicas)
    found = Rows(steps, np.full(shape, -1), np.full((*shape, len(NAMES)), np.nan))
    asked: list[int] = steps.tolist()
    for i, did in blocks.items():
        if asked and asked[0] == did.start and did.row is not None:
            found.rows[0, i], found.stages[0, i] = did.row, did.stage
        first = did.start + 1
        for stage, rows in did.parts:
            low, high = bisect_left(asked, first), bisect_left(asked, first + len(rows))
            if high - low == len(rows):
                found.rows[low:high, i] = rows
            else:
                found.rows[low:high, i] = rows[steps[low:high] - first]
            found.stages[low:high, i] = stage
            first += len(rows)
    return found
