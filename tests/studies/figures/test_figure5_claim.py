"""The claim of the caption of the paper's Figure 5, on the data of the figure."""

from __future__ import annotations

import pytest

from scbsim import simulate
from scbsim.studies.figures.figure5 import run as figure5


@pytest.mark.parametrize(
    ("N", "quick"),
    [
        (100, True),
        pytest.param(100, False, marks=pytest.mark.slow),
        pytest.param(500, False, marks=pytest.mark.slow),
    ],
)
def test_l1_recovers_the_truth_where_sgd_drowns(N, quick):
    specs = figure5.specs(quick=quick)
    sgd, l1 = specs[N, "sgd"], specs[N, "l1"]
    assert sgd.dynamics.batch_size == l1.dynamics.batch_size, "the same batch size for both"
    assert sgd.task == l1.task
    assert l1.task.T == 100_000
    by_sgd = figure5.outcome("sgd", simulate(sgd))
    by_l1 = figure5.outcome("l1", simulate(l1))
    assert by_sgd.delta_A > by_sgd.signal_A
    assert by_l1.delta_A < 0.1 * by_l1.signal_A
    assert by_l1.dist_A < 0.05
    assert by_l1.dist_V < 0.1
