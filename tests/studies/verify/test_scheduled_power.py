"""The verification notices a step that forgets a part of its schedule."""

from __future__ import annotations

from functools import cache

import pytest
from scbsim_testing.mutants import mutant
from scbsim_testing.power import POWER_RUNS

from scbsim.engines.sparse import SparseEngine
from scbsim.kernels.gaussian import active_set, sparse
from scbsim.kernels.gaussian.schedule import RATIO
from scbsim.studies.verify.case import TRUTH
from scbsim.studies.verify.cases import all_cases
from scbsim.studies.verify.comparison import compare
from scbsim.studies.verify.sampling import sample, seeds_of
from scbsim.studies.verify.verification import CHANCE

pytestmark = pytest.mark.slow

NAME = "prox, scheduled"
FLOOR = CHANCE / 50_000
OF_STAGE = ("params.threshold_scale * params.threshold[k]", "params.threshold[k]")


@cache
def truth():
    (case,) = (each for each in all_cases() if each.name == NAME)
    return case, sample(case, TRUTH.build, seeds_of(0, 0, 0, POWER_RUNS))


def noticed():
    case, right = truth()
    rows = sample(case, SparseEngine, seeds_of(0, 0, 1, POWER_RUNS))
    return compare((NAME, "wrong"), case.labels, right, rows, 1e-10).worst.p < FLOOR


def test_active_entries_with_the_threshold_of_the_stage(monkeypatch):
    wrong = mutant(active_set, OF_STAGE).step_active_set
    advance = mutant(sparse, step_active_set=wrong).advance_sparse
    monkeypatch.setattr("scbsim.engines.sparse.advance_sparse", advance)
    assert noticed()


def test_activations_by_the_thresholds_of_the_first_step(monkeypatch):
    def all_alike(params, steps):
        yield steps, float(params.schedule[0, RATIO])

    monkeypatch.setattr("scbsim.engines.sparse.calls_of", all_alike)
    assert noticed()
