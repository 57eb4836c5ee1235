"""Levels that a kernel updates between its steps are those of updates by calls of their own."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.real_batches import a_stage, a_task
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import simulate
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import MatchedNoise

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

STAGES = [
    {"steps": 8, "rule": "sgd", "rate_A": "0.1 - t/100", "normalize_level": 0.05},
    {"steps": 9, "rule": "prox", "threshold": 0.03, "until_signal": 0.3},
]


def found(*words, every=3, covariances=True):
    noise = (f"noise.every={every}", f"noise.covariances={str(covariances).lower()}")
    model = ("dynamics.engine=dense", "noise.model=matched", "dynamics.batch_size=3000")
    return simulate(run_spec(*model, *noise, *words, stages=STAGES))


@pytest.mark.parametrize("covariances", [False, True])
def test_steps_one_by_one(covariances, monkeypatch):
    whole = found(covariances=covariances)
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    assert_same(found(covariances=covariances), whole)


@pytest.mark.parametrize("covariances", [False, True])
def test_a_state_before_an_update_goes_on_to_the_same_bits(covariances):
    """The sums of powers of the step before are no part of it."""
    task, stage = a_task(4, 60, 2), a_stage(a_task(4, 60, 2), rate_A=0.1, rate_V=0.1)
    noise = MatchedNoise(40, 3, covariances=covariances)
    whole, other = (
        DenseEngine(task, noise, alpha_A=0.3, alpha_V=0.4, dtype=np.float32, first_step=7)
        for _ in range(2)
    )
    whole.advance(stage, 3)
    other.restore(3, {name: array.copy() for name, array in whole.state().items()})
    other.advance(stage, 0)
    rows = whole.advance(stage, 3).rows
    np.testing.assert_array_equal(other.advance(stage, 3).rows, rows)


@pytest.mark.slow
@pytest.mark.parametrize("T", [300, 2100])
@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.parametrize("covariances", [False, True])
def test_other_kernels(covariances, every, T, monkeypatch):
    """Without its own method the dense engine has each update made by calls of other kernels."""
    words = (f"task.T={T}",)
    inner = found(*words, every=every, covariances=covariances)
    monkeypatch.delattr(DenseEngine, "advance")
    assert_same(found(*words, every=every, covariances=covariances), inner)
