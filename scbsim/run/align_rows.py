"""From blocks of single replicas to rows of the ensemble, at common steps."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.base import Row
from scbsim.observables import NAMES
from scbsim.run.replica import ReplicaBlock


class Rows(NamedTuple):
    """Recorded rows. If a replica has ended before a step, its stage is -1 and its row NaN."""

    steps: NDArray[np.int64]  # (n,)
    stages: NDArray[np.int64]  # (n, R), the stages that took the steps
    rows: NDArray[np.float64]  # (n, R, 9), the observables after the steps


_WIDTH = len(NAMES)


def _any_row(block: ReplicaBlock) -> Iterator[Row]:
    if block.row is not None:
        yield block.row
    yield from (rows[0] for _, rows in block.parts)


def align_rows(blocks: Mapping[int, ReplicaBlock], replicas: int, steps: NDArray[np.int64]) -> Rows:
    """Return the rows of some steps.

    Parameters
    ----------
    blocks : mapping of int to ReplicaBlock
        By replica, all with the same start.
    replicas : int
        The number of replicas, ended or not.
    steps : (n,) int64
        Ascending, from the start of the blocks on.
    """
    shape = (len(steps), replicas)
    width = max((len(row) for each in blocks.values() for row in _any_row(each)), default=_WIDTH)
    found = Rows(steps, np.full(shape, -1), np.full((*shape, width), np.nan))
    wanted: list[int] = steps.tolist()
    for i, block in blocks.items():
        if wanted and wanted[0] == block.start and block.row is not None:
            found.rows[0, i], found.stages[0, i] = block.row, block.stage
        first = block.start + 1
        for stage, rows in block.parts:
            low, high = bisect_left(wanted, first), bisect_left(wanted, first + len(rows))
            if high - low == len(rows):
                found.rows[low:high, i] = rows
            else:
                found.rows[low:high, i] = rows[steps[low:high] - first]
            found.stages[low:high, i] = stage
            first += len(rows)
    return found
