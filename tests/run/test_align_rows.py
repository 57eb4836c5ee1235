"""Rows that replicas have in common."""

from __future__ import annotations

import numpy as np

from scbsim.run.align_rows import align_rows
from scbsim.run.replica import ReplicaBlock


def rows(*values):
    return np.repeat(np.array(values, float)[:, None], 9, axis=1)


BEFORE = np.full(9, 10.0)
FULL = ReplicaBlock(10, BEFORE, 0, [(0, rows(11, 12)), (1, rows(13, 14))])
SHORT = ReplicaBlock(10, -BEFORE, 0, [(0, rows(-11))])


def aligned(*steps):
    found = align_rows({0: FULL, 2: SHORT}, 3, np.array(steps, np.int64))
    assert found.steps.tolist() == list(steps)
    assert found.rows.shape == (len(steps), 3, 9)
    return found.stages.tolist(), found.rows[:, :, 0]


def test_every_step():
    stages, found = aligned(11, 12, 13, 14)
    assert stages == [[0, -1, 0], [0, -1, -1], [1, -1, -1], [1, -1, -1]]
    nan = np.nan
    np.testing.assert_array_equal(
        found, [[11, nan, -11], [12, nan, nan], [13, nan, nan], [14, nan, nan]]
    )


def test_some_steps():
    stages, found = aligned(12, 14)
    assert stages == [[0, -1, -1], [1, -1, -1]]
    assert found[:, 0].tolist() == [12, 14]


def test_the_step_before():
    stages, found = aligned(10, 13)
    assert stages == [[0, -1, 0], [1, -1, -1]]
    np.testing.assert_array_equal(found, [[10, np.nan, -10], [13, np.nan, np.nan]])


def test_none():
    assert aligned()[0] == []
