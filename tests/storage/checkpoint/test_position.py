"""Where a run is, through a checkpoint and back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from scbsim.storage.checkpoint.file import Checkpoint, read_checkpoint, write_checkpoint
from scbsim.storage.checkpoint.position import Position, ReplicaPosition, position_of

LIVE = ReplicaPosition(7, 1, 5, np.arange(9.0), {"W": np.ones((2, 2)), "bulk": np.zeros((3, 0))})
OTHER = ReplicaPosition(7, 0, 2, np.full(9, np.nan), {"W": np.zeros(0), "ids": np.arange(4)})
OVER = ReplicaPosition(5, 2, 0, None, None, "complete")
AWAY = ReplicaPosition(3, 1, 4, None, None, "diverged")


def through(position, tmp_path, longer=0):
    facts = json.loads(json.dumps(position.facts()))
    write_checkpoint(tmp_path / "run.h5", Checkpoint("u", "{}", facts, position.arrays()))
    found = read_checkpoint(tmp_path / "run.h5")
    return position_of(found.facts, found.state, 2, longer)


def same(one, other):
    assert (one.step, one.stage, one.left, one.status) == (
        other.step,
        other.stage,
        other.left,
        other.status,
    )
    np.testing.assert_array_equal(one.row, other.row)
    assert (one.state or {}).keys() == (other.state or {}).keys()
    for name, array in (one.state or {}).items():
        np.testing.assert_array_equal(array, other.state[name])
        assert array.dtype == other.state[name].dtype


@pytest.mark.parametrize("alone_from", [0, 30, 2**20])
@pytest.mark.parametrize(
    "replicas", [(LIVE,), (LIVE, OTHER), (OVER, LIVE, AWAY), (LIVE,) * 12], ids=len
)
def test_it_comes_back(replicas, alone_from, tmp_path, monkeypatch):
    """States of other shapes, and other arrays, in each replica."""
    monkeypatch.setattr("scbsim.storage.checkpoint.packing._SEPARATE_BYTES", alone_from)
    position = Position(replicas)
    found = through(position, tmp_path)
    assert (found.step, found.recorded) == (7, False)
    for one, other in zip(found.replicas, replicas, strict=True):
        same(one, other)


def test_many_small_states_are_few_arrays():
    arrays = Position((LIVE,) * 500).arrays()
    assert len(arrays) == 6 + 3 * len(LIVE.state)


def test_a_large_array_is_not_copied():
    large = np.zeros((2**10, 2**8))
    replica = ReplicaPosition(7, 1, 5, None, {"W": np.ones(3), "bulk": large})
    assert Position((replica, OTHER)).arrays()["states/0/bulk"] is large


def test_a_single_run_keeps_the_form_it_had():
    facts = Position((LIVE,)).facts()
    assert facts == {"step": 7, "stage": 1, "left": 5, "unrecorded": list(range(9))}
    assert Position((LIVE,)).arrays() is LIVE.state


def test_only_the_last_stage_is_longer(tmp_path):
    found = through(Position((LIVE, OTHER)), tmp_path, longer=100)
    assert [each.left for each in found.replicas] == [105, 2]
