"""The paper's claim about transfer, on the data of the figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from scbsim.studies.transfer import run as transfer
from scbsim.studies.transfer.outcomes import right_direction
from scbsim.studies.transfer.specs import QUICK, RATE, SAMPLES, STEPS
from scbsim.task import Task

BATCHES = (32, 64, 8192)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    chosen = (
        replace(STEPS, **QUICK["real"]),
        replace(SAMPLES, starts=(None, 0.5), batches=BATCHES),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "settings", lambda **_: chosen)
        return transfer.run(tmp_path_factory.mktemp("transfer"))


@pytest.mark.slow
def test_the_first_stage_shrinks_and_vanishes_as_the_correlation_grows(made):
    scratch, weak, half, same = made.learning
    assert [each.start for each in made.learning] == [None, 0.1, 0.5, 1.0]
    # From scratch it takes most of the steps; with a weak correlation, hardly any.
    assert np.median(scratch.first) > 0.6 * np.median(scratch.whole)
    assert np.median(weak.first) < 0.2 * np.median(scratch.first)
    assert half.first.max() == same.first.max() == 0
    # So learning takes fewer steps, and fewer samples, since all runs have one batch size.
    assert weak.whole.max() < np.inf
    assert half.whole.max() < 0.6 * scratch.whole.min()
    assert same.whole.max() < half.whole.min()
    assert np.median(weak.whole) < np.median(scratch.whole)


@pytest.mark.slow
def test_a_batch_that_is_enough_after_pretraining_is_too_small_from_scratch(made):
    scratch, half = (row.recovered for row in made.recovery)
    assert half == (16, 16, 16)
    # At 32 and 64 a run from scratch goes right with probability at most 0.64 and 0.69, so all of
    # them do with probability 2e-6.
    assert sum(scratch[:2]) < 32
    assert scratch[2] == 16


@pytest.mark.slow
def test_runs_from_scratch_go_right_as_often_as_is_said(made):
    task = Task.random(**SAMPLES.task)
    chance = right_direction(task, BATCHES[1], RATE)
    assert chance == pytest.approx(0.692, abs=0.001)
    assert binomtest(made.recovery[0].recovered[1], 16, chance).pvalue > 1e-5
    assert right_direction(task, BATCHES[2], RATE) > 1 - 1e-7
